"""Neurodata Without Borders (NWB) files."""
