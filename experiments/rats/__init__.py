"""Synthetic cells on a real rat's path: what a recording of ten minutes does to grid scores.

The path is one of Sargolini et al. (2006), 600 s in a box of 1 m, as the package ratinabox ships it
(pip install '.[rats]'). Grid cells of known period and orientation spike along it, and so do cells
that are none: place cells, cells with scattered fields, head-direction cells, and cells that fire
anywhere. Each is scored from these spikes, from as many seconds spread evenly over the box, and
from its firing rate itself. Writes sessions that `gridjax score` reads, and a figure.

    python -m experiments.rats runs/rats

`cells` draws the cells, `paths` lets them spike, `comparison` scores them, `figure` draws.
"""
