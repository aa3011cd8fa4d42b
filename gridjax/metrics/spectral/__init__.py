"""Spectra of rate maps and of target codes, and patterns that grow on target codes."""
