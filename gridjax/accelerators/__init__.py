"""Accelerators that need not be attached: their data, and programs compiled for them."""
