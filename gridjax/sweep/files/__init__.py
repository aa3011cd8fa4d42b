"""Sweep files: their reader, the names of parameters in them, and the files that they refer to."""
