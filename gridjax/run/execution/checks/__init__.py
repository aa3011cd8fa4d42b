"""Checks of settings and plugins before a run starts."""
