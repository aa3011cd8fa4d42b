"""Agents that navigate on one network: it integrates their moves, and they read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gridjax.agents.codes import OUTPUTS, READ, READOUTS, UNITS, Code
from gridjax.agents.exact_codes import (
    EXACT,
    MAPS,
    PLACE,
    PLACE_WIDE,
    isotropic_fields,
    mean_maps,
    place_cells,
    wide_place_cells,
)
from gridjax.agents.network_code import code_of_network, places_of
from gridjax.agents.population import (
    INTACT,
    NO_GOAL,
    Agents,
    check_seeds,
    checked_settings,
    of_code,
    together,
    train_codes,
)
from gridjax.agents.settings import AgentSettings
from gridjax.agents.trials import World
from gridjax.metrics.arguments import check_int, invalid_argument
from gridjax.model.network import Params
from gridjax.spec.fields.declarations import is_recurrent
from gridjax.spec.lowering import StaticConfig, evaluation_config
from gridjax.spec.network import NetworkSpec
from gridjax.spec.records.start_info import PLACE_CODE
from gridjax.spec.registry import CELLS
from gridjax.task.task import Layout

PLACE_UNITS, PLACE_READOUTS = "place_units", "place_readouts"
AGENT_CODES = (*EXACT, UNITS, OUTPUTS, READOUTS, PLACE_UNITS, PLACE_READOUTS)
_WITH_PLACE = {PLACE_UNITS: UNITS, PLACE_READOUTS: READOUTS}
"""Codes of place cells together with what is read from the network."""
_GROUPS = (EXACT, READ, tuple(_WITH_PLACE))
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
    make = partial(_code, spec=spec, params=params, layout=layout, static=static)
    found: dict[str, Agents] = {}
    for group in _GROUPS:
        names = tuple(name for name in codes if name in group)
        if not names:
            continue
        is_exact = group == EXACT
        world = World(settings, spec.box_width_in_m, None if is_exact else static)
        code = jax.tree.map(lambda *each: jnp.stack(each), *map(make, names))
        trained = train_codes(world, names, code, checked, {} if is_exact else masks)
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


def _code(
    name: str, spec: NetworkSpec, params: Params, layout: Layout, static: StaticConfig
) -> Code:
    if name in EXACT:
        places = places_of(N_BINS, spec.box_width_in_m)
        exact = _exact(name, spec, params, layout, static)
        return Code(places, exact, exact[:, :0], None)
    exact = jnp.zeros((N_BINS**2, 0))
    if name in _WITH_PLACE:
        exact = place_cells(static, spec.traced, layout, N_BINS)
    read = jnp.asarray(READ.index(_WITH_PLACE.get(name, name)))
    return code_of_network(static, N_BINS, spec.traced, params, layout, read, exact)


def _exact(
    name: str, spec: NetworkSpec, params: Params, layout: Layout, static: StaticConfig
) -> Float[Array, "place unit"]:
    """Return rates of a code that knows the position."""
    if name == PLACE:
        return place_cells(static, spec.traced, layout, N_BINS)
    if name == PLACE_WIDE:
        return wide_place_cells(static, spec.traced, N_BINS)
    rates = _code(UNITS, spec, params, layout, static).goal
    return mean_maps(rates) if name == MAPS else isotropic_fields(spec.traced.layout_seed, rates)
