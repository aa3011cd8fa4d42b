"""Measurements of an accelerator in some minutes: card, training, evaluation, grid scores.

`python -m benchmarks.accelerator --out DIR [--minutes 7] [--parts a,b,h]`
"""
