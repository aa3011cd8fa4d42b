"""Spectra of rate maps and of target codes, and the patterns that grow on them."""
