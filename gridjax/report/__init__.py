"""The report of a run: its summary, its figures, one HTML page."""
