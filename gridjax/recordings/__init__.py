"""Scores of recorded cells: rate maps and sessions of gridjax score; independent of networks."""
