"""What keeps the service itself in sight and in order: metrics, the canary, the roots that the store knows."""
