"""The networks in float64, one time step at a time, from the definitions.

``params`` is a tree of arrays, each acting on row vectors from the right: the encoder [Np, Ng] of
the start code (for the LSTM [Np, 2 Ng], h_0 and c_0 side by side), the cell's own, the decoder
[Ng, Np] and, for all but the plain RNN, the input map M [2, Ng], the analysed layer W_d [Ng, Ng]
and a bias of every one of these. Inputs are time first.
"""

from __future__ import annotations

from functools import partial

import numpy as np


def sigmoid(x):
    """1 / (1 + exp(-x))."""
    return 1 / (1 + np.exp(-x))


ACTIVATIONS = {
    "relu": lambda x: np.where(x > 0, x, 0.0),
    "tanh": lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)),
    "sigmoid": sigmoid,
    "linear": lambda x: x,
}


def rnn(phi, cell, state, entering, recurrent):
    """h' = phi(W_x u + W h)."""
    h = phi(entering @ cell["W_x"] + recurrent(state["h"]) @ cell["W"])
    return {"h": h}


def srnn(phi, cell, state, entering, recurrent):
    """h' = phi(W_x m + W h + b)."""
    h = phi(entering @ cell["W_x"] + recurrent(state["h"]) @ cell["W"] + cell["b"])
    return {"h": h}


def ugrnn(phi, cell, state, entering, recurrent):
    """[z; c] = [m; h] W + b, gate = sigmoid(z + 1), h' = gate h + (1 - gate) phi(c)."""
    n = state["h"].shape[-1]
    joined = np.concatenate([entering, recurrent(state["h"])], axis=-1)
    both = joined @ cell["W"] + cell["b"]
    gate = sigmoid(both[..., :n] + 1)
    return {"h": gate * state["h"] + (1 - gate) * phi(both[..., n:])}


def gru(phi, cell, state, entering, recurrent):
    """The reset-after form: the reset gate multiplies the candidate's recurrent product."""
    n = state["h"].shape[-1]
    x = entering @ cell["W_x"] + cell["b_x"]
    r = recurrent(state["h"]) @ cell["W"] + cell["b"]
    update = sigmoid(x[..., :n] + r[..., :n])
    reset = sigmoid(x[..., n : 2 * n] + r[..., n : 2 * n])
    candidate = phi(x[..., 2 * n :] + reset * r[..., 2 * n :])
    return {"h": update * state["h"] + (1 - update) * candidate}


def lstm(phi, cell, state, entering, recurrent):
    """Gates i, f, c, o: c' = f c + i phi(c~), h' = o phi(c')."""
    n = state["h"].shape[-1]
    all_four = entering @ cell["W_x"] + recurrent(state["h"]) @ cell["W"] + cell["b"]
    i, f, candidate, o = (all_four[..., k * n : (k + 1) * n] for k in range(4))
    c = sigmoid(f) * state["c"] + sigmoid(i) * phi(candidate)
    return {"h": sigmoid(o) * phi(c), "c": c}


STEPS = {"RNN": rnn, "SRNN": srnn, "UGRNN": ugrnn, "GRU": gru, "LSTM": lstm}


def shapes(rnn_type, n_in, n_units, n_cells):
    """The shape of every array of a network of the study."""
    if rnn_type == "RNN":
        cell = {"W_x": (n_in, n_units), "W": (n_units, n_units)}
        return {"encoder": (n_cells, n_units), "cell": cell, "decoder": (n_units, n_cells)}
    width = {"UGRNN": 2, "GRU": 3, "LSTM": 4}.get(rnn_type, 1) * n_units
    cell = {"W_x": (n_units, width), "W": (n_units, width), "b": (width,)}
    if rnn_type == "UGRNN":
        cell = {"W": (2 * n_units, 2 * n_units), "b": (width,)}
    if rnn_type == "GRU":
        cell["b_x"] = (width,)
    n_start = 2 * n_units if rnn_type == "LSTM" else n_units
    return {
        "encoder": (n_cells, n_start),
        "encoder_bias": (n_start,),
        "input": (n_in, n_units),
        "input_bias": (n_units,),
        "cell": cell,
        "dense": (n_units, n_units),
        "dense_bias": (n_units,),
        "decoder": (n_units, n_cells),
        "decoder_bias": (n_cells,),
    }


def of_shapes(tree, draw):
    """The tree with ``draw(shape)`` for every shape."""
    if isinstance(tree, dict):
        return {name: of_shapes(child, draw) for name, child in tree.items()}
    return draw(tree)


def start_state(rnn_type, params, start_code):
    """h_0, and the LSTM's c_0, from the code of the start."""
    h = start_code @ params["encoder"]
    if rnn_type != "RNN":
        h = h + params["encoder_bias"]
    if rnn_type == "LSTM":
        n = h.shape[-1] // 2
        return {"h": h[..., :n], "c": h[..., n:]}
    return {"h": h}


def _states(rnn_type, cell, state, entering, activation, recurrent_mask, noise=None):
    """h_1 .. h_T of a cell whose inputs are already mapped, [T, batch, Ng]."""
    phi, step = ACTIVATIONS[activation], STEPS[rnn_type]

    def recurrent(h, t):
        if recurrent_mask is None:
            return h
        factors = np.asarray(recurrent_mask, np.float64)
        return h * (factors[t] if factors.ndim == 3 else factors)

    out = []
    for t, now in enumerate(entering):
        state = step(phi, cell, state, now, partial(recurrent, t=t))
        if noise is not None:
            state = state | {"h": state["h"] + np.asarray(noise[t], np.float64)}
        out.append(state["h"])
    return np.array(out)


def run(rnn_type, params, start_code, inputs, activation, recurrent_mask=None, noise=None):
    """h_1 .. h_T, [T, batch, Ng], of inputs [T, batch, 2].

    ``recurrent_mask`` [batch, Ng] or [T, batch, Ng], divided by the keep probability, multiplies
    h_{t-1} where it enters the product with the recurrent kernel and nowhere else. ``noise``
    [T, batch, Ng] is added to h_t after the move; h_{t+1} and all layers receive the sum.
    """
    entering = np.asarray(inputs, np.float64)
    if rnn_type != "RNN":
        entering = entering @ params["input"] + params["input_bias"]
    state = start_state(rnn_type, params, np.asarray(start_code, np.float64))
    return _states(rnn_type, params["cell"], state, entering, activation, recurrent_mask, noise)


def analysed(rnn_type, params, hidden, activation):
    """The layer whose units are analysed: h itself, or g = phi(W_d h + b)."""
    if rnn_type == "RNN":
        return hidden
    return ACTIVATIONS[activation](hidden @ params["dense"] + params["dense_bias"])


def logits(rnn_type, params, layer, readout_mask=None):
    """D g + b; ``readout_mask``, divided by the keep probability, multiplies g."""
    if readout_mask is not None:
        layer = layer * np.asarray(readout_mask, np.float64)
    outputs = layer @ params["decoder"]
    return outputs if rnn_type == "RNN" else outputs + params["decoder_bias"]


def run_banino(params, start_code, inputs, activation="tanh", recurrent_mask=None):
    """h_1 .. h_T of Banino's network: an LSTM directly on the inputs [T, batch, n_in].

    The LSTM's W_x is [n_in, 4 units]; ``start_code`` holds the place and the heading code.
    """
    entering = np.asarray(inputs, np.float64)
    state = start_state("LSTM", params, np.asarray(start_code, np.float64))
    return _states("LSTM", params["cell"], state, entering, activation, recurrent_mask)


def analysed_banino(params, hidden):
    """The linear bottleneck without a bias, [.., units] -> [.., n_bottleneck]."""
    return hidden @ params["dense"]


def logits_banino(params, layer, readout_mask=None):
    """Np place and Nhd heading outputs of the bottleneck, with a bias."""
    return logits("LSTM", params, layer, readout_mask)
