"""Figures, their intervals, and the curve from logit to probability; pure: trainer and site acceptance judge by them."""
