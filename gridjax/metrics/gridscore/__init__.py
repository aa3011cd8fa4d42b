"""Grid scores: autocorrelograms, their rotations, and the rings they are compared on."""
