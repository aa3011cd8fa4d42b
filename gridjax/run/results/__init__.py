"""What a run has found: tables, maps and single networks, read from its store."""
