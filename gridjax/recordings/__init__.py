"""Scores of recorded cells, from rate maps or from sessions, without networks (gridjax score)."""
