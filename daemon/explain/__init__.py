"""Films looked at for people who ask why: one by one with everything that was seen, or a folder counted; no store."""
