"""Checkpoints: networks in training, on disk."""
