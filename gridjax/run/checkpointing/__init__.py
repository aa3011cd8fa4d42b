"""Checkpoints of networks in training, on disk."""
