"""The plan of a population: compile buckets, blocks, memory and cost. Imports no JAX."""
