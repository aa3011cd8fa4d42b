"""Execution of a plan on the devices of one machine."""
