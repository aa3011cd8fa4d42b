"""Recurrent cells: initial parameters, and one step from state to state.

The definitions are those of No Free Lunch (2022), section 5. The product of a cell's matrices with
its inputs does not depend on its state. Therefore gridjax's own cells have a factored form
(Factored): the product with the inputs of all times is computed once, before the recurrence.
``register_cell`` adds a user's cell.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import random
from jaxtyping import Array, Float, Key

from gridjax.errors import GridjaxError, Problem
from gridjax.model import matmul
from gridjax.model.initializers import of_cell, recurrent_kernel
from gridjax.model.recurrence import State
from gridjax.spec.records.cell_info import CellInfo
from gridjax.spec.registry import CELLS

Params = dict[str, Array]
Activation = Callable[[Array], Array]


def norm_relu(x: Float[Array, "*n unit"]) -> Float[Array, "*n unit"]:
    """Return relu(x) divided by its Euclidean norm over the units; 0 where no unit is active."""
    rates = jax.nn.relu(x)
    square = jnp.square(rates).sum(axis=-1, keepdims=True)
    is_active = square > 0
    return jnp.where(is_active, rates / jnp.sqrt(jnp.where(is_active, square, 1.0)), 0.0)


ACTIVATIONS: dict[str, Activation] = {
    "relu": jax.nn.relu,
    "tanh": jnp.tanh,
    "sigmoid": jax.nn.sigmoid,
    "linear": lambda x: x,
    "norm_relu": norm_relu,
}
"""Activations by their name in sweep files."""
PULL_BACKS: dict[str, Callable[[Array, Array], Array]] = {
    "relu": lambda h, gradient: jnp.where(h > 0, gradient, 0.0),
    "tanh": lambda h, gradient: gradient * (1 - jnp.square(h)),
    "sigmoid": lambda h, gradient: gradient * (h * (1 - h)),
    "linear": lambda h, gradient: gradient,
}
"""Function of each elementwise activation h = phi(x): h and the gradient of h -> the gradient of x.
"""


class Factored(NamedTuple):
    """Factored form of a step: its product with the inputs is computed once for all times.

    The drive is inputs @ input_kernel + input_bias. The next state is
    ``update(activation, state, h @ kernel + bias, drive)``.
    """

    input_kernel: Callable[[Params], Float[Array, "n_in drive"]]
    input_bias: Callable[[Params], Float[Array, " drive"]] | None
    kernel: Callable[[Params], Float[Array, "Ng gates"]]
    """parameters -> the matrix by which h is multiplied"""
    bias: Callable[[Params], Float[Array, " gates"]] | None
    update: Callable[[Activation, State, Array, Array], State]
    """activation, state, h @ kernel + bias, drive of one time -> next state; elementwise"""
    is_sum: bool = False
    """whether the next state is exactly phi(drive + h @ kernel + bias)"""
    of_sums: Callable[[Activation, Array, tuple[Array, ...]], Array] | None = None
    """the same update of a cell without ``bias`` whose state is h alone: activation, h,
    drive + h @ kernel of each gate -> next h. gridjax.model.fused_recurrence uses it"""


class Cell(NamedTuple):
    """A recurrent cell as pure functions."""

    init: Callable[[Key[Array, ""], int, int, str], Params]
    """key, number of inputs, Ng, initializer -> parameters"""
    step: Callable[..., State]
    """parameters, state, inputs of one time, activation -> next state. The state is a tuple of
    arrays [batch, Ng]; its first array is the output. The step of a cell that has
    ``has_matmul_precision`` and is not factored receives a fifth argument: product(x [..., k],
    matrix [k, m]), the product at the precision of the network"""
    decayed: Callable[[Params], Array] | None = None
    """parameters -> the array to which weight decay applies: the recurrent kernel"""
    factored: Factored | None = None
    """the factored form of the same step, if it has one"""


def register_cell(info: CellInfo, cell: Cell) -> None:
    """Add a recurrent cell: its record and its functions. ``info.name`` is its name in sweep files.

    Raises GridjaxError if the name is already used, if the source of a function cannot be found,
    or if ``has_matmul_precision`` is true and the cell neither has ``factored`` nor takes a
    product.
    """
    cell = Cell(*cell)
    if isinstance(info, CellInfo) and info.has_matmul_precision and not _can_round(cell):
        message = f"rnn_type: {info.name!r} has_matmul_precision, but its step takes no product"
        fix = "let step take a fifth argument, product(x, matrix), or give Cell(..., factored=...)"
        raise GridjaxError(Problem(message, fix=fix))
    CELLS.register(info, cell, CellInfo)


def _can_round(cell: Cell) -> bool:
    """Return whether a cell is factored, or its step takes a product as a fifth argument."""
    if cell.factored is not None or not callable(cell.step):
        return True  # the registry refuses what is no function
    try:
        inspect.signature(cell.step).bind(*range(5))
    except (TypeError, ValueError):
        return False
    return True


def step_at_precision(cell: Cell, info: CellInfo, precision: str) -> Callable[..., State]:
    """Return the step with four arguments, whose products have a precision if it takes them."""
    if cell.factored is not None or not info.has_matmul_precision:
        return cell.step
    rounded = partial(matmul.product, precision=precision)
    return lambda params, state, inputs, phi: cell.step(params, state, inputs, phi, rounded)


def step_of(factored: Factored) -> Callable[..., State]:
    """Return the step that a factored form defines."""

    def step(
        params: Params,
        state: State,
        inputs: Float[Array, "batch n_in"],
        phi: Activation,
        product: Callable[[Array, Array], Array] = jnp.matmul,
    ) -> State:
        of_state = added(product(state[0], factored.kernel(params)), params, factored.bias)
        of_inputs = product(inputs, factored.input_kernel(params))
        drive = added(of_inputs, params, factored.input_bias)
        return factored.update(phi, state, of_state, drive)

    return step


def added(
    product: Float[Array, "*n m"], params: Params, bias: Callable[[Params], Array] | None
) -> Float[Array, "*n m"]:
    """Return a product plus the bias that ``bias`` returns; the product alone without ``bias``."""
    return product if bias is None else product + bias(params)


def _init(
    key: Key[Array, ""],
    n_in: int,
    n_units: int,
    initializer: str,
    n_gates: int,
    has_bias: bool,
) -> Params:
    """Draw W_x and W of a cell; both hold the columns of all gates. Biases start at 0."""
    key_in, key_recurrent = random.split(key)
    width = n_gates * n_units
    params = {
        "W_x": of_cell(key_in, n_in, width, n_units, initializer),
        "W": recurrent_kernel(key_recurrent, n_units, width, n_units, initializer),
    }
    return params | ({"b": jnp.zeros(width)} if has_bias else {})


def _rnn_of_sums(phi: Activation, h: Array, sums: tuple[Array, ...]) -> Array:
    del h
    return phi(sums[0])


def _rnn(phi: Activation, state: State, product: Array, drive: Array) -> State:
    return (_rnn_of_sums(phi, state[0], (drive + product,)),)


def _init_ugrnn(key: Key[Array, ""], n_in: int, n_units: int, initializer: str) -> Params:
    """Draw the single kernel [n_in + Ng, 2 Ng] that multiplies inputs and state together."""
    shape = (n_in + n_units, 2 * n_units)
    return {
        "W": recurrent_kernel(key, *shape, n_units, initializer),
        "b": jnp.zeros(2 * n_units),
    }


def _ugrnn_input_kernel(params: Params) -> Array:
    n_units = params["b"].shape[0] // 2
    return params["W"][:-n_units]


def _ugrnn_kernel(params: Params) -> Array:
    n_units = params["b"].shape[0] // 2
    return params["W"][-n_units:]


def _ugrnn_of_sums(phi: Activation, h: Array, sums: tuple[Array, ...]) -> Array:
    z, c = sums
    gate = jax.nn.sigmoid(z + 1)
    return gate * h + (1 - gate) * phi(c)


def _ugrnn(phi: Activation, state: State, product: Array, drive: Array) -> State:
    z, c = jnp.split(drive + product, 2, axis=-1)
    return (_ugrnn_of_sums(phi, state[0], (z, c)),)


def _init_gru(key: Key[Array, ""], n_in: int, n_units: int, initializer: str) -> Params:
    params = _init(key, n_in, n_units, initializer, 3, has_bias=True)
    return params | {"b_x": jnp.zeros_like(params["b"])}


def _gru(phi: Activation, state: State, product: Array, drive: Array) -> State:
    z_x, r_x, c_x = jnp.split(drive, 3, axis=-1)
    z_h, r_h, c_h = jnp.split(product, 3, axis=-1)
    update, reset = jax.nn.sigmoid(z_x + z_h), jax.nn.sigmoid(r_x + r_h)
    candidate = phi(c_x + reset * c_h)
    return (update * state[0] + (1 - update) * candidate,)


def _init_lstm(key: Key[Array, ""], n_in: int, n_units: int, initializer: str) -> Params:
    params = _init(key, n_in, n_units, initializer, 4, has_bias=True)
    return params | {"b": params["b"].at[n_units : 2 * n_units].set(1.0)}


def _lstm(phi: Activation, state: State, product: Array, drive: Array) -> State:
    i, f, c, o = jnp.split(drive + product, 4, axis=-1)
    memory = jax.nn.sigmoid(f) * state[1] + jax.nn.sigmoid(i) * phi(c)
    return (jax.nn.sigmoid(o) * phi(memory), memory)


def _kernel(params: Params) -> Array:
    return params["W"]


def _input_kernel(params: Params) -> Array:
    return params["W_x"]


def _bias(params: Params) -> Array:
    return params["b"]


def _own(init: Callable[..., Params], factored: Factored) -> Cell:
    return Cell(init, step_of(factored), _kernel, factored)


CELLS.build_in(
    RNN=_own(  # h_t = phi(W_x u_t + W h_{t-1}), no biases (Sorscher et al. 2019, eq. 1)
        partial(_init, n_gates=1, has_bias=False),
        Factored(_input_kernel, None, _kernel, None, _rnn, True, _rnn_of_sums),
    ),
    SRNN=_own(
        partial(_init, n_gates=1, has_bias=True),
        Factored(_input_kernel, _bias, _kernel, None, _rnn, True, _rnn_of_sums),
    ),
    UGRNN=_own(
        _init_ugrnn,
        Factored(_ugrnn_input_kernel, _bias, _ugrnn_kernel, None, _ugrnn, False, _ugrnn_of_sums),
    ),
    GRU=_own(  # gates z, r and candidate; the reset gate acts after the product
        _init_gru,
        Factored(_input_kernel, lambda params: params["b_x"], _kernel, _bias, _gru),
    ),
    LSTM=_own(  # gates i, f, candidate, o; the forget gate's bias starts at 1
        _init_lstm, Factored(_input_kernel, _bias, _kernel, None, _lstm)
    ),
)
