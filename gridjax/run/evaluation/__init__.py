"""Evaluation of a trained network: rate maps, scores, errors, and the rows of its tables."""
