"""Agents that navigate on one network: it integrates their moves, and they read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gridjax.agents.codes import OUTPUTS, READ, READOUTS, UNITS, Code
from gridjax.agents.network_code import PLACE_CELLS, code_of_network, places_of
from gridjax.agents.population import (
    INTACT,
    NO_GOAL,
    Agents,
    check_seeds,
    checked_settings,
    of_code,
    standardised,
    together,
    train_codes,
)
from gridjax.agents.settings import AgentSettings
from gridjax.agents.trials import World
from gridjax.metrics.arguments import check_int, invalid_argument
from gridjax.model.network import Params
from gridjax.prng import Stream, stream
from gridjax.spec.fields.declarations import is_recurrent
from gridjax.spec.lowering import StaticConfig, evaluation_config
from gridjax.spec.network import NetworkSpec
from gridjax.spec.records.start_info import PLACE_CODE
from gridjax.spec.registry import CELLS
from gridjax.task import task
from gridjax.task.task import Layout

PLACE, PLACE_UNITS, PLACE_READOUTS = "place", "place_units", "place_readouts"
AGENT_CODES = (PLACE, UNITS, OUTPUTS, READOUTS, PLACE_UNITS, PLACE_READOUTS)
_WITH_PLACE = {PLACE_UNITS: UNITS, PLACE_READOUTS: READOUTS}
"""Codes of place cells together with what is read from the network."""
_GROUPS = ((PLACE,), READ, tuple(_WITH_PLACE))
"""Codes of equal shapes, whose agents are trained at once."""
N_BINS = 32
"""Bins along each side of the box, between which rates are interpolated."""


def navigation(
    spec: NetworkSpec,
    params: Params,
    layout: Layout,
    codes: Sequence[str],
    lesions: Mapping[str, Sequence[int]],
    seeds: Sequence[int],
    settings: AgentSettings | None,
) -> Agents:
    """Train and test agents on codes of one network; see gridjax.Network.agents.

    Raises GridjaxError for unknown codes or units, and for networks that cannot integrate the moves
    of an agent.
    """
    static = evaluation_config(spec.static)
    if not _can_navigate(static):
        message = "the network cannot integrate the moves of an agent"
        fix = (
            "choose a recurrent network in a square with inputs: displacement, start: place_code,"
            " place_field_loss: crossentropy, one environment, no head-direction cells, and a cell"
            " with one state (not LSTM)"
        )
        raise invalid_argument(message, fix)
    unknown = [name for name in codes if name not in AGENT_CODES]
    if unknown or not codes or len(set(codes)) < len(codes):
        fix = f"give different ones of {', '.join(AGENT_CODES)}"
        raise invalid_argument(f"codes are {list(codes)}", fix)
    checked = check_seeds(seeds)
    settings = checked_settings(settings, spec.box_width_in_m)
    _check_lesions(lesions)
    masks = {name: _mask(name, units, static.n_analysed) for name, units in lesions.items()}
    place = _place_cells(spec, layout, static)
    found: dict[str, Agents] = {}
    for group in _GROUPS:
        names = tuple(name for name in codes if name in group)
        if not names:
            continue
        world = World(settings, spec.box_width_in_m, None if group == (PLACE,) else static)
        code = jax.tree.map(
            lambda *each: jnp.stack(each),
            *(_code(name, spec, params, layout, static, place) for name in names),
        )
        trained = train_codes(world, names, code, checked, {} if group == (PLACE,) else masks)
        found |= {name: _with_lesions(of_code(trained, name), tuple(masks)) for name in names}
    return together([found[name] for name in codes])


def _with_lesions(agents: Agents, lesions: tuple[str, ...]) -> Agents:
    """Return agents of one code with all lesions; scores are NaN for codes without units."""
    if agents.code[0] in (UNITS, PLACE_UNITS):
        return agents
    missing = ((0, 0), (0, len(lesions)), (0, 0))
    success, efficiency = (
        np.pad(each[:, :2], missing, constant_values=np.nan)
        for each in (agents.success, agents.efficiency)
    )
    return agents._replace(
        lesion=(*agents.lesion[:2], *lesions), success=success, efficiency=efficiency
    )


def _can_navigate(static: StaticConfig) -> bool:
    is_place_code = static.start == PLACE_CODE and static.place_field_loss == "crossentropy"
    return (
        is_recurrent(static)
        and static.dimensions == 2
        and static.inputs == "displacement"
        and static.has_outputs
        and is_place_code
        and not static.n_head_direction_cells
        and not static.has_landmarks
        and static.n_environments == 1
        and CELLS.info(static.rnn_type).n_states == 1
    )


def _check_lesions(lesions: Any) -> None:
    """Raise GridjaxError unless lesions are units by names that no other test has."""
    if not isinstance(lesions, Mapping):
        message = f"lesions are of type {type(lesions).__name__}"
        raise invalid_argument(message, "give units by the name of the lesion")
    for name, units in lesions.items():
        if name in (INTACT, NO_GOAL):
            raise invalid_argument(f"a lesion has the name {name!r}", "give another name")
        if not isinstance(units, Iterable):
            message = f"units of lesion {name!r} are {units!r}"
            raise invalid_argument(message, "give the numbers of units in a list")


def _mask(name: str, units: Sequence[int], n_units: int) -> Float[np.ndarray, " unit"]:
    """Return 0 for units of a lesion and 1 for the others."""
    mask = np.ones(n_units)
    for unit in units:
        mask[check_int(f"unit of lesion {name!r}", unit, 0, n_units - 1)] = 0
    return mask


def _place_cells(spec: NetworkSpec, layout: Layout, static: StaticConfig) -> Array:
    """Return rates [place, cell] of as many of the network's place cells as it has units.

    They are drawn without replacement; of fewer, all are returned. Rates are standardised.
    """
    code = task.target_code(layout, places_of(N_BINS, spec.box_width_in_m), static)
    key = stream(spec.traced.layout_seed, Stream.AGENT_CODES)
    order = np.asarray(jax.random.permutation(jax.random.fold_in(key, PLACE_CELLS), code.shape[1]))
    chosen = np.asarray(code, np.float64)[:, order[: static.n_analysed]]
    maps = np.moveaxis(chosen, -1, 0).reshape(-1, N_BINS, N_BINS)
    return jnp.asarray(standardised(PLACE, maps), jnp.float32)


def _code(
    name: str,
    spec: NetworkSpec,
    params: Params,
    layout: Layout,
    static: StaticConfig,
    place: Float[Array, "place cell"],
) -> Code:
    if name == PLACE:
        places = places_of(N_BINS, spec.box_width_in_m)
        return Code(places, place, jnp.zeros((len(places), 0)), None)
    read = jnp.asarray(READ.index(_WITH_PLACE.get(name, name)))
    exact = place if name in _WITH_PLACE else place[:, :0]
    return code_of_network(static, N_BINS, spec.traced, params, layout, read, exact)
