"""Scores of recorded cells: sessions and rate maps that gridjax score reads; knows no network."""
