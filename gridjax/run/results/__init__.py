"""Results of a run: tables, maps and single networks, read from its store."""
