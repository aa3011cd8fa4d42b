"""Output of studies: tables in the terminal, result files, and the page."""
