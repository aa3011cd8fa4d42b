"""Recurrence over time in one kernel of an NVIDIA GPU: the kernels, their tiles, their limits."""
