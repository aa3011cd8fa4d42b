"""Training: gradient steps of one network, and their mapping over a population."""
