"""Report of a run: its summary, its figures and one HTML page."""
