"""Figures, their intervals, and the curve from logit to probability; pure: trainer and acceptance judge by them."""
