"""Films for training: where they lie, whose they are, how they are split, drawn and augmented."""
