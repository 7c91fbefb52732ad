"""What the order did: the place of each study that was read against the one that first come, first served had given."""
