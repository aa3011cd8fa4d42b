"""Robustness of the networks of a block: their errors under perturbations, as a table."""

from __future__ import annotations

from functools import partial

import jax
import numpy as np
from jaxtyping import Array, Float

from gridjax.metrics.robustness.diffusion import diffusion_constants, excess_error
from gridjax.model.weights import Params
from gridjax.run.evaluation.perturbed_rollout import PerturbedErrors, perturbed_errors
from gridjax.spec.lowering import StaticConfig, TracedParams
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.settings.evaluation_sizes import Design
from gridjax.sweep.settings.perturbations import (
    VELOCITY_NOISE,
    Condition,
    can_be_perturbed,
    conditions_of,
)
from gridjax.sweep.settings.run_settings import EvaluationSettings
from gridjax.task.task import Layout
from gridjax.training.population import over_networks

MEASURES = (
    "pos_decoding_err",
    "decode_err_ml_cm",
    "decode_err_rms_cm",
    "excess_err_cm",
    "diffusion_cm2_per_move",
    "rho_par",
    "rho_perp",
)
"""Columns of numbers of a row, in the order of the table."""


def conditions_for(spec: NetworkSpec, settings: EvaluationSettings) -> tuple[Condition, ...]:
    """Return the conditions under which a network is evaluated.

    There are none without recurrence, and none on a line or in a cube.
    """
    return conditions_of(settings.robustness) if can_be_perturbed(spec) else ()


@partial(jax.jit, static_argnums=(0, 1, 2, 3))
def measure_robustness(
    static: StaticConfig,
    design: Design,
    conditions: tuple[Condition, ...],
    lane_width: int,
    traced: TracedParams,
    params: Params,
    layout: Layout,
    maps: Float[Array, "lane analysed n n"],
    samples: Float[Array, "lane n n"],
    score_60: Float[Array, "lane analysed"],
) -> PerturbedErrors:
    """Measure all networks of a block; every array has a leading axis of lanes."""
    one = partial(perturbed_errors, static, design, conditions)
    return over_networks(one, lane_width)(traced, params, layout, maps, samples, score_60)


def robustness_columns(
    spec: NetworkSpec, conditions: tuple[Condition, ...], measured: PerturbedErrors
) -> dict[str, np.ndarray]:
    """Return the table of one network: a row for each condition and measured move.

    Args:
        spec: the network.
        conditions: its conditions, the unperturbed network first.
        measured: its measures, on the host.
    """
    cm, squares = 100.0, 1e4 * np.asarray(measured.likelihood_square_m2, np.float64)
    move_cm = cm * float(measured.move_rms_m)
    parts = []
    for at, condition in enumerate(conditions):
        moves = np.asarray(condition.moves)
        unknown = np.full(len(moves), np.nan)
        excess = diffusion = unknown
        if not condition.is_kick:
            diffusion = diffusion_constants(squares[at], condition.moves)
        if condition.perturbation == VELOCITY_NOISE and spec.inputs == "displacement":
            expected = squares[0] + moves * (condition.dose * move_cm) ** 2
            excess = excess_error(squares[at], expected)
        values = (
            cm * np.asarray(measured.position_error_m[at], np.float64),
            cm * np.asarray(measured.likelihood_error_m[at], np.float64),
            np.sqrt(squares[at]),
            excess,
            diffusion,
            np.asarray(measured.along[at], np.float64),
            np.asarray(measured.off[at], np.float64),
        )
        parts.append(
            {
                "perturbation": np.repeat(condition.perturbation, len(moves)),
                "dose": np.full(len(moves), condition.dose),
                "move": moves,
                **dict(zip(MEASURES, values, strict=True)),
            }
        )
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
