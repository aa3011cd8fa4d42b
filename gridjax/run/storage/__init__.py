"""The results of a run: manifest, tables, maps and weights of finished networks, on disk."""
