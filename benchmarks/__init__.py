"""Benchmarks: times and memory of gridjax, each with a reference measured in the same call."""
