"""Trains a network: the loop, what it judges on the way, what a run folder holds, and its curves."""
