"""The pixel side of the gate: what it learns from, how it is fitted, laid into a network, and judged."""
