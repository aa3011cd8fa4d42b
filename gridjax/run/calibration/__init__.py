"""Measurement of the speed of training on this machine, with all workers at the same time."""
