"""One network as a value: parameters, checks, identity, and the halves that JAX reads. No JAX."""
