"""Execution of a plan on one machine: its devices, its workers, and train()."""
