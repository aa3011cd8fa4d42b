"""Sweep files in the Weights & Biases format, and the networks they describe."""
