"""Sweep files: their YAML, the names that they may use, and files that they name."""
