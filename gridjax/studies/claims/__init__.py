"""Claims of studies: their file, their tests and their verdicts."""
