"""A run of the real daemon on real films, for somebody who wants to see it work."""
