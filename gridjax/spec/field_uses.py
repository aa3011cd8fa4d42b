"""Kinds and uses of a network's fields: the vocabulary of their metadata.

Static and traced config and the identities of networks and nulls are filters on it
(gridjax.spec.lowering).
"""

from __future__ import annotations

STATIC, TRACED, EVALUATION = "static", "traced", "evaluation"
"""Kinds: decides a shape or a branch, one compilation for each value; a number that differs freely
within a compilation; read after training. EVALUATION is also a use."""

MOTION, CODE, HEAD = "motion", "code", "head"
WEIGHTS, NETWORK, LOSS, TRAINING = "weights", "network", "loss", "training"
READOUT = "readout"
USES = (MOTION, CODE, HEAD, WEIGHTS, NETWORK, LOSS, TRAINING, READOUT, EVALUATION)
"""What uses a field: trajectories; the target code; head-direction cells; the initial weights; the
forward pass; the loss; the rest of training; random readouts of the code; evaluation."""

TRAINING_ALONE = frozenset({WEIGHTS, TRAINING})
"""Uses that evaluation does not share."""
OF_NULL = frozenset({MOTION, CODE, READOUT})
"""Uses that decide a random-readout null."""
