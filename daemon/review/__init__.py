"""What readers found, and what follows from it: who is drawn to be read blind, and how often the bands were right."""
