"""Records of the parts of a network that have a registry: what gridjax must know of each."""
