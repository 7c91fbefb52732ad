"""Looks at films before anybody trains on them: what they are, what leaks, and what gives the label away."""
