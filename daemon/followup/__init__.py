"""What becomes of films that were taken in: their way, another try, reads, what never came, what may be deleted."""
