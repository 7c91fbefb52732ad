"""The evidence for a bundle: scores of labelled films, every figure with its interval, and the page that shows both."""
