"""Scores of recorded cells, from rate maps or from recording sessions (gridjax score)."""
