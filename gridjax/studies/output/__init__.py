"""What studies print and write: tables, result files, and the page."""
