"""Checks of a session: what cannot be what it seems is refused, and what is left out is counted."""
