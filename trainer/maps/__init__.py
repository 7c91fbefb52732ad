"""Whether a bundle's heat maps show what its scores are made of."""
