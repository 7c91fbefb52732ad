"""Cases of a site as a folder for the trainer: which, whose pictures may leave, and how they are written down."""
