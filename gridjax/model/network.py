"""Forward pass of a network: start code -> state -> recurrence -> analysed layer -> outputs."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax.numpy as jnp
from jax import lax, random
from jaxtyping import Array, Float, Key

from gridjax.errors import GridjaxError, Problem
from gridjax.loop_over_time import ROLLED
from gridjax.model.cells import (
    ACTIVATIONS,
    PULL_BACKS,
    Activation,
    Cell,
    added,
    step_at_precision,
)
from gridjax.model.matmul import product
from gridjax.model.padding import own_readout_shape
from gridjax.model.recurrence import State, Update, recurrence, split_mask, with_noise
from gridjax.model.starts import Start
from gridjax.model.weights import Params, has_dense_layer, has_encoder, has_input_layer
from gridjax.prng import uniform
from gridjax.spec.fields.declarations import BANINO, PER_MOVE, is_recurrent
from gridjax.spec.lowering import StaticConfig, TracedParams
from gridjax.spec.registry import CELLS, STARTS


class Masks(NamedTuple):
    """Factors of dropout: 0, or 1 / (1 - rate)."""

    recurrent: Float[Array, "*time batch Ng"]
    """factors on h_{t-1} in the recurrence: [batch, Ng], the same at all times of a sequence, or
    [time, batch, Ng]"""
    readout: Float[Array, "time batch analysed"]
    """factors on the analysed layer before the decoder"""


def draw_masks(key: Key[Array, ""], static: StaticConfig, traced: TracedParams) -> Masks:
    """Draw the masks of inverted dropout for one batch."""
    of_state, of_readout = random.split(key)
    batch, n_readout = static.batch_size, static.n_analysed
    own = own_readout_shape(static, traced.padding)

    def mask(drawn: Array, rate: Float[Array, ""]) -> Array:
        return (drawn >= rate).astype(jnp.float32) / (1 - rate)

    drawn = uniform(of_readout, (static.sequence_length, batch, n_readout), own)
    times = (static.sequence_length,) if static.recurrent_dropout_mask == PER_MOVE else ()
    of_h = uniform(of_state, (*times, batch, static.Ng))
    return Masks(
        recurrent=mask(of_h, traced.recurrent_dropout),
        readout=mask(drawn, traced.readout_dropout),
    )


def hidden_states(
    params: Params,
    start: Float[Array, "batch n"] | None,
    inputs: Float[Array, "time batch n_in"],
    static: StaticConfig,
    masks: Masks | None = None,
    loop: str = ROLLED,
    noise: Float[Array, "time batch Ng"] | None = None,
) -> Float[Array, "time batch Ng"]:
    """Return the cell's output h after each move.

    ``start`` is the target code at the start; with another start than ``place_code``, the position
    there (metres); None without recurrence. ``loop`` is the form of the loop over time
    (gridjax.model.recurrence); a cell that is not factored has only one.

    ``noise`` is added to the cell's output h after each move, after the activation and the gates:
    the next move, the analysed layer and the readout all receive the noisy h. The state before the
    first move and the cell state c of LSTM receive no noise. Without recurrence, the noise is added
    to the argument of the activation, so that rates keep the range of the activation.

    The state before the first move is a linear map of the start code.
    """
    cell: Cell = CELLS[static.rnn_type]
    n_states = CELLS.info(static.rnn_type).n_states
    if has_input_layer(static):
        inputs = _affine(inputs, params, "input", static)
    if start is None:
        h = _without_recurrence(cell, params["cell"], inputs, static, noise)
        return h.reshape(*inputs.shape[:-1], -1)
    state = tuple(jnp.split(_state_0(params, start, static), n_states, axis=-1))
    mask = None if masks is None else masks.recurrent
    return _run(cell, params["cell"], state, inputs, static, mask, loop, noise)


def continued(
    params: Params,
    h: Float[Array, "batch Ng"],
    inputs: Float[Array, "time batch n_in"],
    static: StaticConfig,
) -> Float[Array, "time batch Ng"]:
    """Return the state h after each further move of a cell whose whole state is h."""
    cell: Cell = CELLS[static.rnn_type]
    if has_input_layer(static):
        inputs = _affine(inputs, params, "input", static)
    return _run(cell, params["cell"], (h,), inputs, static, None, ROLLED, None)


def activity(
    params: Params,
    start: Float[Array, "batch n"] | None,
    inputs: Float[Array, "time batch n_in"],
    static: StaticConfig,
    masks: Masks | None = None,
    loop: str = ROLLED,
    noise: Float[Array, "time batch Ng"] | None = None,
) -> Float[Array, "time batch analysed"]:
    """Return the analysed layer after each move, before its dropout; see ``hidden_states``."""
    h = hidden_states(params, start, inputs, static, masks, loop, noise)
    return analysed_layer(params, h, static)


def analysed_layer(
    params: Params, h: Float[Array, "*n Ng"], static: StaticConfig
) -> Float[Array, "*n analysed"]:
    """Return the analysed layer of states h, before its dropout.

    The analysed layer of RNN, and of a network without recurrence, is h itself. The analysed layer
    of the study's other cells is g = phi(W_d h + b). In the architecture of Banino et al. (2018) it
    is a linear bottleneck.
    """
    if is_analysed(static):
        return h
    return analysed_activation(static)(_affine(h, params, "dense", static))


def is_analysed(static: StaticConfig) -> bool:
    """Return whether the analysed layer is the cell's output h itself."""
    return not (is_recurrent(static) and has_dense_layer(static))


def analysed_activation(static: StaticConfig) -> Activation:
    """Return the activation of the analysed layer: linear in a bottleneck, else the network's."""
    return ACTIVATIONS["linear" if static.architecture == BANINO else static.activation]


def outputs(
    params: Params,
    analysed: Float[Array, "time batch analysed"],
    static: StaticConfig,
    masks: Masks | None = None,
) -> Float[Array, "time batch out"]:
    """Return the outputs D g + b, where g is the analysed layer. RNN has no b.

    A network without outputs returns an array [time, batch, 0].
    """
    if not static.has_outputs:
        return jnp.zeros((*analysed.shape[:-1], 0))
    if masks is not None:
        analysed = analysed * masks.readout
    return _affine(analysed, params, "decoder", static)


def _run(
    cell: Cell,
    params: dict[str, Array],
    state: State,
    inputs: Float[Array, "time batch n_in"],
    static: StaticConfig,
    mask: Float[Array, "*time batch Ng"] | None,
    loop: str,
    noise: Float[Array, "time batch Ng"] | None,
) -> Float[Array, "time batch Ng"]:
    """Return the cell's output at all times; use the factored form if the cell has one.

    Without a factored form, dropout is applied to the whole state before each step.
    """
    phi = ACTIVATIONS[static.activation]
    if (parts := cell.factored) is not None:
        is_of_sums = parts.is_sum and noise is None
        pull_back = PULL_BACKS.get(static.activation) if is_of_sums else None
        of_sums = None if parts.of_sums is None else partial(parts.of_sums, phi)
        update = Update(partial(parts.update, phi), pull_back, loop, of_sums)
        bias = None if parts.bias is None else parts.bias(params)
        driven = product(inputs, parts.input_kernel(params), static.matmul_precision)
        drive = added(driven, params, parts.input_bias)
        precision = static.matmul_precision
        kernel = parts.kernel(params)
        return recurrence(update, precision, kernel, bias, state, drive, mask, noise)

    at_all_times, by_time = split_mask(mask)
    step_of_cell = step_at_precision(cell, CELLS.info(static.rnn_type), static.matmul_precision)

    def step(state: State, at_t: tuple[Array, Array | None, Array | None]) -> tuple[State, Array]:
        inputs_t, noise_t, mask_t = at_t
        factors = at_all_times if mask_t is None else mask_t
        entering = state if factors is None else (state[0] * factors, *state[1:])
        following = with_noise(step_of_cell(params, entering, inputs_t, phi), noise_t)
        return following, following[0]

    return lax.scan(step, state, (inputs, noise, by_time))[1]


def _without_recurrence(
    cell: Cell,
    params: dict[str, Array],
    positions: Float[Array, "time batch d"],
    static: StaticConfig,
    noise: Float[Array, "time batch Ng"] | None,
) -> Float[Array, "n Ng"]:
    """Return the rates of a cell without a state at all positions.

    Raises GridjaxError for noise in a cell that does not apply its activation exactly once, to
    Ng units: the noise of each unit is added there.
    """
    phi, flat = ACTIVATIONS[static.activation], positions.reshape(-1, positions.shape[-1])
    step = step_at_precision(cell, CELLS.info(static.rnn_type), static.matmul_precision)
    if noise is None:
        return step(params, (), flat, phi)[0]
    flat_noise, shapes = noise.reshape(-1, static.Ng), []

    def noisy(x: Array) -> Array:
        shapes.append(x.shape)
        return phi(x + flat_noise if x.shape == flat_noise.shape else x)

    (h,) = step(params, (), flat, noisy)
    if shapes != [flat_noise.shape]:
        applied = ", ".join(str(list(shape)) for shape in shapes) or "nothing"
        message = f"state_noise: cell {static.rnn_type} applies its activation to {applied}"
        fix = f"let it apply the activation once, to {list(flat_noise.shape)} (positions, Ng)"
        raise GridjaxError(Problem(message, fix=fix))
    return h


def _affine(x: Array, params: Params, name: str, static: StaticConfig) -> Array:
    bias = params.get(f"{name}_bias")
    y = product(x, params[name], static.matmul_precision)
    return y if bias is None else y + bias


def _state_0(params: Params, start: Array, static: StaticConfig) -> Array:
    if has_encoder(static):
        return _affine(start, params, "encoder", static)
    n_state = CELLS.info(static.rnn_type).n_states * static.Ng
    of_start: Start = STARTS[static.start]
    return of_start.state(params["start"], start, n_state, ACTIVATIONS[static.activation])
