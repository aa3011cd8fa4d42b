"""Grid scores: autocorrelograms, their rotations, and the rings for their comparison."""
