"""Weights of networks, and the choice of those that are kept."""
