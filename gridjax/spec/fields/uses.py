"""Kinds and uses of a network's fields, as their metadata name them.

gridjax.spec.lowering uses this metadata to select the fields of the static config, of the traced
parameters, and of the identities of networks and nulls.
"""

from __future__ import annotations

STATIC, TRACED, EVALUATION = "static", "traced", "evaluation"
"""Kinds of fields.

STATIC: the field decides a shape or a branch, and each value needs its own compilation. TRACED: the
field is a number that may differ within one compilation. EVALUATION: the field is read only after
training. EVALUATION is also a use.
"""

MOTION, CODE, HEAD = "motion", "code", "head"
WEIGHTS, NETWORK, LOSS, TRAINING = "weights", "network", "loss", "training"
READOUT = "readout"
USES = (MOTION, CODE, HEAD, WEIGHTS, NETWORK, LOSS, TRAINING, READOUT, EVALUATION)
"""Uses of a field, in this order: trajectories; target code; head-direction cells; initial weights;
forward pass; loss; the rest of training; random readouts of the code; evaluation."""

TRAINING_ALONE = frozenset({WEIGHTS, TRAINING})
"""Uses in training that evaluation does not have."""
OF_NULL = frozenset({MOTION, CODE, READOUT})
"""Uses that change the null of random readouts."""
