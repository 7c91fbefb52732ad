"""Whether the films of a folder, or what the model makes of them, are still what they were; nobody labels anything."""
