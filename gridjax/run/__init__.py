"""A run: networks planned, trained, evaluated and stored."""
