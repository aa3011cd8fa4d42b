"""The objective of a network and its gradient in float64, one number at a time."""

from __future__ import annotations

import copy

import numpy as np

from . import cells
from .losses import LOSSES


def as_float64(tree):
    """The tree with every leaf as a writable float64 array."""
    if isinstance(tree, dict):
        return {name: as_float64(value) for name, value in tree.items()}
    return np.array(tree, np.float64)


def outputs(rnn_type, params, start_code, inputs, activation, masks=(None, None), noise=None):
    """Outputs [T, batch, Np]; masks on the recurrence and the readout, noise on the state."""
    recurrent_mask, readout_mask = masks
    hidden = cells.run(rnn_type, params, start_code, inputs, activation, recurrent_mask, noise)
    layer = cells.analysed(rnn_type, params, hidden, activation)
    return cells.logits(rnn_type, params, layer, readout_mask)


def weight_penalty(params, weight_decay):
    """lambda times the sum of squares of the recurrent kernel, without a half."""
    return weight_decay * np.sum(params["cell"]["W"] ** 2)


def objective(
    rnn_type,
    params,
    start_code,
    inputs,
    targets,
    activation,
    loss,
    weight_decay,
    masks=(None, None),
    noise=None,
):
    """Mean loss over batch and time plus the penalty on the recurrent kernel."""
    out = outputs(rnn_type, params, start_code, inputs, activation, masks, noise)
    return LOSSES[loss](out, targets).mean() + weight_penalty(params, weight_decay)


def central_differences(function, tree, step=1e-6):
    """Gradient of ``function(tree)`` one number at a time."""
    tree = copy.deepcopy(tree)

    def differentiate(node):
        if isinstance(node, dict):
            return {name: differentiate(value) for name, value in node.items()}
        gradient = np.zeros_like(node)
        for index in np.ndindex(node.shape):
            kept = node[index]
            node[index] = kept + step
            above = function(tree)
            node[index] = kept - step
            below = function(tree)
            node[index] = kept
            gradient[index] = (above - below) / (2 * step)
        return gradient

    return differentiate(tree)
