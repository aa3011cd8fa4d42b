"""Theory of the lattice that a target code selects; no network is trained."""
