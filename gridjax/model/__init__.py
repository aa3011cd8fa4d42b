"""Model of one network: cells, recurrence, losses, initialisers."""
