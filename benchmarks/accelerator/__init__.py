"""The first fifteen minutes on an accelerator: what it does, how fast, and what it can answer.

`python -m benchmarks.accelerator --out DIR [--minutes 7] [--parts a,b,h]`
"""
