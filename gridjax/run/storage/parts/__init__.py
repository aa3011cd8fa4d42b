"""Folders of the parts of a run, and the run that they write together."""
