"""Measures of one network, computed again from its weights."""
