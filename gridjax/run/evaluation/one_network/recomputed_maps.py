"""Rate maps of all units of one network, computed again from its weights."""

from __future__ import annotations

from functools import partial

import jax
import numpy as np
from jaxtyping import Array, Float

from gridjax.metrics.arguments import check_int
from gridjax.model.weights import Params
from gridjax.run.evaluation.rollout import record
from gridjax.spec.lowering import StaticConfig, TracedParams, evaluation_config
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.settings.evaluation_sizes import Design, design_of
from gridjax.sweep.settings.run_settings import EvaluationSettings
from gridjax.task.environments import layout_in
from gridjax.task.task import Layout

MOST_BINS, MOST_SAMPLES = 256, 10**5


def recompute_maps(
    spec: NetworkSpec,
    params: Params,
    layout: Layout,
    n_bins: int | None,
    samples_per_bin: int,
    environment: int = 0,
) -> tuple[Float[np.ndarray, "unit ..."], Float[np.ndarray, "..."]]:
    """Return the mean activity of every analysed unit in each bin, and the samples per bin.

    Args:
        spec: the network.
        params, layout: its weights and target code.
        n_bins: bins along each side; None for the reported number.
        samples_per_bin: mean number of samples in a bin.
        environment: number of the environment, from 0.

    The trajectories are those of an evaluation with default settings. Raises GridjaxError for
    invalid numbers.
    """
    samples = check_int("samples_per_bin", samples_per_bin, 1, MOST_SAMPLES)
    design = design_of(spec, EvaluationSettings(samples_per_bin=samples))
    if n_bins is not None:
        n_bins = check_int("n_bins", n_bins, 2, MOST_BINS)
        n_samples = samples * n_bins**spec.dimensions
        n_batches = -(-n_samples // (design.batch_size * design.sequence_length))
        design = design._replace(n_bins=(n_bins,), n_bins_compared=(n_bins,), n_batches=n_batches)
    there = layout_of_environment(spec, layout, environment)
    maps, counts = _maps(evaluation_config(spec.static), design, spec.traced, params, there)
    return np.asarray(maps), np.asarray(counts)


def layout_of_environment(spec: NetworkSpec, layout: Layout, environment: int) -> Layout:
    """Return the layout of a network in one environment.

    Raises GridjaxError if the network was not trained in an environment of this number.
    """
    number = check_int("environment", environment, 0, spec.static.n_environments - 1)
    return layout_in(layout, number)


@partial(jax.jit, static_argnums=(0, 1))
def _maps(
    static: StaticConfig, design: Design, traced: TracedParams, params: Params, layout: Layout
) -> tuple[Float[Array, "unit ..."], Float[Array, "..."]]:
    recording = record(static, design, traced, params, layout)
    return recording.maps[-1], recording.samples[-1]
