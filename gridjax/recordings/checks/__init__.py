"""Checks of a session: implausible data are refused, and omitted data are counted."""
