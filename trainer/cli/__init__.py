"""The command line of the trainer: one module a command; each imports what it needs when it is run."""
