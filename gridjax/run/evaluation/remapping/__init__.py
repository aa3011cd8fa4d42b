"""Evaluation of networks in all their environments, and comparison of their maps."""
