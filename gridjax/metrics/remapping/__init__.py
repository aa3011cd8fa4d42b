"""Remapping: what the rate maps of the same units in two environments have in common."""
