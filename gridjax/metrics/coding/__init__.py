"""Position codes: how much the rates of a population of units say about a position, and to whom."""
