"""One network: cells, recurrence, losses, initialisers."""
