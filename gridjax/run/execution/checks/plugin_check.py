"""Checks of a user's plugins before the training: shapes of outputs, and values of codes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NoReturn

import jax
import jax.numpy as jnp
import optax

from gridjax.errors import GridjaxError, Problem
from gridjax.model.cells import ACTIVATIONS, step_at_precision
from gridjax.model.starts import Start
from gridjax.model.state_objectives import objective_context
from gridjax.model.weights import init_params
from gridjax.run.execution.checks.code_values import check_code_values
from gridjax.run.execution.checks.declared_reads import with_declared_reads
from gridjax.spec.lowering import StaticConfig, TracedParams
from gridjax.spec.network import NetworkSpec
from gridjax.spec.registry import (
    CELLS,
    ENCODINGS,
    LOSSES,
    MOTIONS,
    OPTIMIZERS,
    STARTS,
    STATE_OBJECTIVES,
    is_plugin,
)
from gridjax.sweep.settings.evaluation_sizes import design_of
from gridjax.sweep.settings.run_settings import EvaluationSettings
from gridjax.task.motion.motion_models import motion_context
from gridjax.task.motion.trajectories import Trajectories
from gridjax.task.target_codes.context import encoding_context
from gridjax.training.optimizers import optimizer_context

_TIMES, _BATCH = 2, 3  # different sizes, so that exchanged axes are detected


def check_plugins(specs: Iterable[NetworkSpec], settings: EvaluationSettings) -> None:
    """Check that the functions of plugins do not fail and return the required shapes.

    They may read only those parameters of a network that their records name. The values of target
    codes must be of the kind that their records name.

    docs/howto/extending.md describes the arguments and results of each function.

    Raises GridjaxError for the first wrong function, with its result or its exception, and for the
    first network that cannot use its motion.
    """
    specs = [spec for spec in specs if spec.plugins]
    _check_use_of_motions(specs, settings)
    for spec in {spec.static: spec for spec in specs}.values():
        static, traced = spec.static, spec.traced
        if is_plugin("place_field_values", static.place_field_values):
            _check_encoding(static, traced)
        if is_plugin("rnn_type", static.rnn_type):
            _check_cell(static)
        if is_plugin("place_field_loss", static.place_field_loss):
            _check_loss(static)
        if is_plugin("state_objective", static.state_objective):
            _check_state_objective(static, traced)
        if is_plugin("motion", static.motion):
            _check_motion(static, traced)
        if is_plugin("start", static.start):
            _check_start(static)
        if is_plugin("optimizer", static.optimizer):
            _check_optimizer(static, traced)
    check_code_values(specs)


def _check_encoding(static: StaticConfig, traced: TracedParams) -> None:
    name, code = static.place_field_values, ENCODINGS[static.place_field_values]
    info = ENCODINGS.info(name)
    reads = (*info.reads, *(["place_field_normalization"] if info.targets_unnormalized else ()))

    def init(key: Any, numbers: TracedParams) -> Any:
        return code.init(key, with_declared_reads(name, encoding_context(static, numbers), reads))

    layout = _shape_of(name, "init", init, _key(), _arrays(traced))
    positions, codes = (
        _floats(_TIMES, _BATCH, static.dimensions),
        _floats(_TIMES, _BATCH, static.Np),
    )
    encoded = _shape_of(name, "encode", code.encode, layout, positions)
    _expect(name, f"encode of positions [..., {static.dimensions}]", encoded, codes)
    decoded = _shape_of(name, "decode", code.decode, layout, codes)
    _expect(name, f"decode of outputs [..., {static.Np}]", decoded, positions)


def _check_cell(static: StaticConfig) -> None:
    name, cell = static.rnn_type, CELLS[static.rnn_type]
    info = CELLS.info(name)
    n_units, phi = static.Ng, ACTIVATIONS[static.activation]
    has_input_layer = info.has_layers and static.architecture == "study"
    n_in = n_units if has_input_layer else static.n_inputs

    def init(key: Any) -> Any:
        return cell.init(key, n_in, n_units, static.initializer)

    params = _shape_of(name, "init", init, _key())
    state = (_floats(_BATCH, n_units),) * info.n_states
    of_step = state or (_floats(_BATCH, n_units),)
    step = step_at_precision(cell, info, static.matmul_precision)
    following = _shape_of(
        name, "step", lambda *given: step(*given, phi), params, state, _floats(_BATCH, n_in)
    )
    _expect(name, f"step of {info.n_states} state(s)", following, of_step)


def _check_loss(static: StaticConfig) -> None:
    name, loss = static.place_field_loss, LOSSES[static.place_field_loss]
    codes, each = _floats(_TIMES, _BATCH, static.Np), _floats(_TIMES, _BATCH)
    found = _shape_of(name, "loss", loss.loss, codes, codes)
    _expect(name, f"loss of [..., {static.Np}]", found, each)
    if loss.least is not None:
        found = _shape_of(name, "least", loss.least, codes)
        _expect(name, f"least of [..., {static.Np}]", found, each)


def _check_state_objective(static: StaticConfig, traced: TracedParams) -> None:
    name, objective = static.state_objective, STATE_OBJECTIVES[static.state_objective]
    sizes = (static.n_analysed, static.n_outputs, static.dimensions, static.n_inputs)
    given = [_floats(static.sequence_length, static.batch_size, size) for size in sizes]
    reads = STATE_OBJECTIVES.info(name).reads

    def value(params: Any, numbers: TracedParams, *given: Any) -> Any:
        context = objective_context(numbers, params["cell"])
        return objective.value(*given, with_declared_reads(name, context, reads))

    found = _shape_of(name, "value", value, _params(static), _arrays(traced), *given)
    _expect(name, "value", found, _floats())


def _check_motion(static: StaticConfig, traced: TracedParams) -> None:
    name, model = static.motion, MOTIONS[static.motion]
    reads = MOTIONS.info(name).reads

    def simulate(key: Any, numbers: TracedParams) -> Any:
        context = with_declared_reads(name, motion_context(static, numbers), reads)
        return model.simulate(key, _TIMES, _BATCH, context)

    found = _shape_of(name, "simulate", simulate, _key(), _arrays(traced))
    places, angles = _floats(_TIMES, _BATCH, static.dimensions), _floats(_TIMES, _BATCH)
    shapes: Any = (_floats(_BATCH, static.dimensions), places, places, _floats(_BATCH), angles)
    wanted = Trajectories(*shapes)
    _expect(name, "simulate", found, wanted)


def _check_use_of_motions(specs: Iterable[NetworkSpec], settings: EvaluationSettings) -> None:
    """Raise GridjaxError for the first network whose box or paths do not fit its motion.

    The paths are those of training and of evaluation, without the long ones of drift curves.
    """
    for spec in specs:
        problem = MOTIONS[spec.motion].problem if is_plugin("motion", spec.motion) else None
        duration_s = design_of(spec, settings).n_moves * spec.dt_s
        words = problem and problem(spec.box_width_in_m, duration_s)
        if words:
            what, _, fix = words.rpartition(": ")
            raise GridjaxError(Problem(f"motion: {spec.motion}: {what}", fix=fix))


def _check_start(static: StaticConfig) -> None:
    start: Start = STARTS[static.start]
    name, n_state = static.start, CELLS.info(static.rnn_type).n_states * static.Ng
    phi = ACTIVATIONS[static.activation]
    params = _shape_of(name, "init", lambda key: start.init(key, n_state), _key())

    def state(params: Any, positions: Any) -> Any:
        return start.state(params, positions, n_state, phi)

    found = _shape_of(name, "state", state, params, _floats(_BATCH, static.dimensions))
    _expect(name, f"state of {n_state} values", found, _floats(_BATCH, n_state))


def _check_optimizer(static: StaticConfig, traced: TracedParams) -> None:
    name, params = static.optimizer, _params(static)
    make, reads = OPTIMIZERS[name].make, OPTIMIZERS.info(name).reads

    def updates(params: Any, numbers: TracedParams) -> Any:
        context = with_declared_reads(name, optimizer_context(numbers), reads)
        optimizer = optax.with_extra_args_support(make(context))
        loss = jnp.zeros(())
        return optimizer.update(params, optimizer.init(params), params, value=loss)[0]

    _expect(name, "update", _shape_of(name, "make", updates, params, _arrays(traced)), params)


def _params(static: StaticConfig) -> Any:
    """Return the shapes of the parameters of a network."""
    return jax.eval_shape(lambda key: init_params(key, static), _key())


def _arrays(traced: TracedParams) -> TracedParams:
    """Return traced parameters as arrays. Like in training, they have no values in a function."""
    return jax.tree.map(jnp.asarray, traced)


def _floats(*shape: int) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, jnp.float32)


def _key() -> Any:
    return jax.eval_shape(lambda: jax.random.key(0))


def _shape_of(name: str, what: str, function: Callable[..., Any], *given: Any) -> Any:
    try:
        return jax.eval_shape(function, *given)
    except GridjaxError:
        raise
    except Exception as error:
        _refuse(f"{name}: {what} fails: {type(error).__name__}: {str(error).splitlines()[0]}")


def _expect(name: str, what: str, found: Any, wanted: Any) -> None:
    if jax.tree.structure(found) == jax.tree.structure(wanted) and all(
        one.shape == other.shape
        for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True)
    ):
        return
    shapes = [jax.tree.map(lambda leaf: list(leaf.shape), each) for each in (found, wanted)]
    _refuse(f"{name}: {what} returns {shapes[0]}, not {shapes[1]}")


def _refuse(message: str) -> NoReturn:
    fix = "docs/howto/extending.md says what each function takes and returns"
    raise GridjaxError(Problem(message, fix=fix)) from None
