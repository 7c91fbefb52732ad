"""Searches a recipe's numbers: the space, the study that remembers, one trial, the search, and what is told of it."""
