"""From a run to a bundle: quantise, choose operating points, certify, describe, write."""
