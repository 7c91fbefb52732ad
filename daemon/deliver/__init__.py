"""What is told outside: put into the outbox, and sent from there by a process of its own that has the network."""
