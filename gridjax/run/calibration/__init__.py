"""Measurement of the speed of training on this machine, on all its workers at once."""
