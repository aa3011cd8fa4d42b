"""Scores of rate maps of a volume: order, symmetry, and arrangement of fields."""
