"""The competitors: the same work, well written without gridjax and without JAX."""
