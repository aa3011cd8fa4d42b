"""Evaluation of a trained network: rate maps, scores, errors, and its rows in the tables."""
