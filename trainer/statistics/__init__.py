"""Figures of labels and scores with their intervals; pure, and importing nothing else of the trainer."""
