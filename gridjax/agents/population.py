"""Populations of agents: training and tests of many agents at once, on several codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gridjax.agents.codes import Code
from gridjax.agents.network_code import places_of
from gridjax.agents.ppo import train_agent
from gridjax.agents.scores import GOALS, Lesion, test_agent
from gridjax.agents.settings import AgentSettings, check_arena
from gridjax.agents.trials import World
from gridjax.metrics.arguments import check_float, check_int, invalid_argument
from gridjax.metrics.coding.code_book import WIDEST_BOX_M, check_maps

INTACT, NO_GOAL = "intact", "no goal code"
_PRECISION = "float32"
"""Precision of matrix products, also on cards that would round to TF32."""
_ARRAYS = ("reached", "success", "efficiency")
MOST_SEEDS, LARGEST_SEED = 10**4, 2**31 - 1


class Agents(NamedTuple):
    """Training and tests of agents, by code and seed."""

    code: tuple[str, ...]
    seed: tuple[int, ...]
    lesion: tuple[str, ...]
    """``intact``; ``no goal code``: no unit tells the goal; then the lesions that were asked for"""
    goals: tuple[str, ...]
    """``known``: where training had goals; ``new``: in the quadrant x > 0, y > 0, where it had none
    unless ``held_out_quadrant`` is False"""
    reached: Float[np.ndarray, "code seed update"]
    """share of the trials that ended at their goal, before each update of the training; NaN if none
    ended"""
    success: Float[np.ndarray, "code seed lesion goals"]
    """share of the test trials in which the agent came to its goal"""
    efficiency: Float[np.ndarray, "code seed lesion goals"]
    """straight distance over the length of the path, 0 without success (SPL, Anderson et al. 2018);
    walls count as if they were not there"""


def train_agents(
    codes: Mapping[str, Any],
    box_width_m: float,
    seeds: Sequence[int] = (0,),
    settings: AgentSettings | None = None,
) -> Agents:
    """Train agents that navigate on position codes, and test them; one for each code and seed.

    An agent in a square arena observes the code of its position, the code of its goal and its head
    direction. It learns to come to its goal by proximal policy optimisation. The agents of all
    codes with equally many units train at once. This is the task of Banino et al. (2018, Nature
    557:429), without vision.

    Args:
        codes: Maps of each code by name, [unit, n, n], without NaN. The numbers of units may
            differ. Rates are standardised: each unit's mean over places is 0, and the mean
            square of a code is 1.
        box_width_m: Side of the arena.
        seeds: Seeds of the agents.
        settings: Sizes, arena and training; by default `gridjax.AgentSettings()`.

    Raises GridjaxError for invalid arguments.
    """
    width = check_float("box_width_m", box_width_m, 1e-3, WIDEST_BOX_M)
    if not isinstance(codes, Mapping):
        raise invalid_argument(f"codes are of type {type(codes).__name__}", "give maps by name")
    settings, checked = checked_settings(settings, width), check_seeds(seeds)
    tables = {name: standardised(name, maps) for name, maps in codes.items()}
    if not tables:
        raise invalid_argument("there is no code", "give maps by name")
    if len({len(table) for table in tables.values()}) > 1:
        raise invalid_argument("the maps have different numbers of bins", "give equal numbers")
    world = World(settings, width, None)
    found: dict[str, Agents] = {}
    for n_units in {table.shape[1] for table in tables.values()}:
        names = tuple(name for name, table in tables.items() if table.shape[1] == n_units)
        stacked = _exact_codes(np.stack([tables[name] for name in names]), width)
        trained = train_codes(world, names, stacked, checked, {})
        found |= {name: of_code(trained, name) for name in names}
    return together([found[name] for name in tables])


def of_code(agents: Agents, name: str) -> Agents:
    """Return the agents of one code; the arrays have no axis of codes."""
    at = agents.code.index(name)
    arrays = {array: getattr(agents, array)[at] for array in _ARRAYS}
    return agents._replace(code=(name,), **arrays)


def together(agents: Sequence[Agents]) -> Agents:
    """Return the agents of several codes along a leading axis; the inverse of ``of_code``."""
    arrays = {name: np.stack([getattr(each, name) for each in agents]) for name in _ARRAYS}
    return agents[0]._replace(code=tuple(each.code[0] for each in agents), **arrays)


def checked_settings(settings: AgentSettings | None, box_width_m: float) -> AgentSettings:
    """Return settings, or the default ones; raise GridjaxError unless they fit into the box."""
    settings = AgentSettings() if settings is None else settings
    if not isinstance(settings, AgentSettings):
        message = f"settings are of type {type(settings).__name__}"
        raise invalid_argument(message, "give gridjax.AgentSettings(...)")
    check_arena(settings, box_width_m)
    return settings


def check_seeds(seeds: Sequence[int]) -> tuple[int, ...]:
    """Return seeds; raise GridjaxError unless they are different whole numbers, at least one."""
    if not isinstance(seeds, Iterable):
        raise invalid_argument(f"seeds are {seeds!r}", "give several in a list, such as [0]")
    checked = tuple(check_int("seed", seed, 0, LARGEST_SEED) for seed in seeds)
    if not checked or len(set(checked)) < len(checked) or len(checked) > MOST_SEEDS:
        raise invalid_argument(f"seeds are {list(seeds)}", "give different seeds, at least one")
    return checked


def train_codes(
    world: World,
    names: tuple[str, ...],
    codes: Code,
    seeds: tuple[int, ...],
    lesions: Mapping[str, Float[np.ndarray, " unit"]],
) -> Agents:
    """Train and test an agent for each code (leading axis of ``codes``) and each seed.

    ``lesions`` are masks of the units that are read from the network.
    """
    n_exact, n_read = codes.exact.shape[-1], codes.goal.shape[-1]
    whole = np.ones(n_exact + n_read)
    masks = [np.concatenate([np.ones(n_exact), each]) for each in lesions.values()]
    lesion = Lesion(
        here=jnp.asarray(np.stack([whole, whole, *masks]), jnp.float32),
        goal=jnp.asarray(np.stack([whole, 0 * whole, *masks]), jnp.float32),
    )
    with jax.default_matmul_precision(_PRECISION):
        lanes = _trained_and_tested(world, codes, jnp.asarray(seeds), lesion)
    reached, success, efficiency = (np.asarray(each, np.float64) for each in lanes)
    found = (INTACT, NO_GOAL, *lesions)
    return Agents(names, seeds, found, GOALS, reached, success, efficiency)


def _exact_codes(tables: Float[np.ndarray, "code place unit"], width: float) -> Code:
    """Return codes that always know the position, along a leading axis."""
    n_codes, n_places, _ = tables.shape
    places = places_of(round(n_places**0.5), width)
    return Code(
        places=jnp.broadcast_to(places, (n_codes, n_places, 2)),
        exact=jnp.asarray(tables, jnp.float32),
        goal=jnp.zeros((n_codes, n_places, 0)),
        network=None,
    )


@partial(jax.jit, static_argnums=0)
def _trained_and_tested(
    world: World, codes: Code, seeds: Array, lesions: Lesion
) -> tuple[Array, Array, Array]:
    def one(code: Code, seed: Array) -> tuple[Array, Array, Array]:
        trained = train_agent(world, code, seed)
        scores = test_agent(world, code, trained.params, seed, lesions)
        return trained.reached, scores.success, scores.efficiency

    return jax.vmap(lambda code: jax.vmap(partial(one, code))(seeds))(codes)


def standardised(name: str, maps: Any) -> Float[np.ndarray, "place unit"]:
    """Return the maps [unit, n, n] of a code as rates [place, unit].

    The mean over places is 0 for each unit, and the mean square over units and places is 1.

    Raises GridjaxError unless the maps are known in all bins and depend on the position.
    """
    checked = check_maps(maps)
    if np.isnan(checked).any():
        message = f"maps of code {name!r} have bins without a rate (NaN)"
        raise invalid_argument(message, "leave these units out, or use fewer bins")
    rates = np.moveaxis(checked, 0, -1).reshape(-1, len(checked))
    rates = rates - rates.mean(axis=0)
    scale = np.abs(rates).max()
    if not scale > 1e-12 * np.abs(checked).max():
        message = f"rates of code {name!r} do not depend on the position"
        raise invalid_argument(message, "give maps that do")
    rates = rates / scale
    return rates / np.sqrt(np.square(rates).mean())
