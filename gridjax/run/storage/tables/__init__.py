"""Tables of a run: their columns, the order of their rows, and tables of earlier versions."""
