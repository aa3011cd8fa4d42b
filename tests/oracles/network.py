"""The network, its losses and their gradient in float64, from the definitions.

``params`` is the package's tree: encoder [Np, Ng], cell W_x [2, Ng] and W [Ng, Ng], decoder
[Ng, Np]; all act on row vectors from the right.
"""

from __future__ import annotations

import copy

import numpy as np

ACTIVATIONS = {
    "relu": lambda x: np.where(x > 0, x, 0.0),
    "tanh": lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "linear": lambda x: x,
}


def as_float64(tree):
    """The tree with every leaf as a writable float64 array."""
    if isinstance(tree, dict):
        return {name: as_float64(value) for name, value in tree.items()}
    return np.array(tree, np.float64)


def activity(params, start_code, moves, activation):
    """h_0 = E p_0, h_t = phi(W_x u_t + W h_{t-1}): h_1 .. h_T, [T, batch, Ng]."""
    phi = ACTIVATIONS[activation]
    hidden = start_code @ params["encoder"]
    out = []
    for move in np.asarray(moves, np.float64):
        hidden = phi(move @ params["cell"]["W_x"] + hidden @ params["cell"]["W"])
        out.append(hidden)
    return np.array(out)


def logits(params, hidden):
    """D h."""
    return hidden @ params["decoder"]


def cross_entropy(outputs, targets):
    """-sum_i y_i log(exp(o_i) / sum_j exp(o_j)) of each position, nats."""
    shifted = outputs - outputs.max(axis=-1, keepdims=True)
    log_probability = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return -(targets * log_probability).sum(axis=-1)


def mean_squared_error(outputs, targets):
    """Mean over outputs of the squared difference."""
    return ((outputs - targets) ** 2).mean(axis=-1)


LOSSES = {"crossentropy": cross_entropy, "mse": mean_squared_error}


def entropy(targets):
    """-sum_i y_i log y_i, with 0 log 0 = 0, nats."""
    logarithm = np.log(np.where(targets > 0, targets, 1.0))
    return -(targets * logarithm).sum(axis=-1)


def objective(params, start_code, moves, targets, activation, loss, weight_decay):
    """Mean loss over batch and time plus lambda times the sum of squares of W."""
    outputs = logits(params, activity(params, start_code, moves, activation))
    return LOSSES[loss](outputs, targets).mean() + weight_decay * np.sum(params["cell"]["W"] ** 2)


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
