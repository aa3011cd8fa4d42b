"""The lattice that a target code selects, before any network is trained."""
