"""Topology of a module's activity: distances, persistent homology, and nulls of a torus."""
