"""The nightly report: what arrived, what could not be scored, and the order in which to read."""
