"""Reference programs: the same computation in NumPy and PyTorch, without gridjax and JAX."""
