"""Trains, exports and judges several recipes on one split, and puts them into one table."""
