"""Rate maps of all units of one network, computed again from its weights."""

from __future__ import annotations

from functools import partial

import jax
import numpy as np
from jaxtyping import Array, Float

from gridjax.metrics.arguments import check_int
from gridjax.model.network import Params
from gridjax.run.evaluation.rollout import record
from gridjax.spec.lowering import StaticConfig, TracedParams, evaluation_config
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.evaluation_sizes import Design, design_of
from gridjax.sweep.run_settings import EvaluationSettings
from gridjax.task.task import Layout

MOST_BINS, MOST_SAMPLES = 256, 10**5


def recompute_maps(
    spec: NetworkSpec, params: Params, layout: Layout, n_bins: int | None, samples_per_bin: int
) -> tuple[Float[np.ndarray, "unit ..."], Float[np.ndarray, "..."]]:
    """Return the mean activity of every analysed unit in each bin, and the samples per bin.

    Args:
        spec: the network.
        params, layout: its weights and target code.
        n_bins: bins along each side; None for the reported number.
        samples_per_bin: mean number of samples in a bin.

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
    maps, counts = _maps(evaluation_config(spec.static), design, spec.traced, params, layout)
    return np.asarray(maps), np.asarray(counts)


@partial(jax.jit, static_argnums=(0, 1))
def _maps(
    static: StaticConfig, design: Design, traced: TracedParams, params: Params, layout: Layout
) -> tuple[Float[Array, "unit ..."], Float[Array, "..."]]:
    recording = record(static, design, traced, params, layout)
    return recording.maps[-1], recording.samples[-1]
