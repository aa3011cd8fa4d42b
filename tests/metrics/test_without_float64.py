"""Measures of maps and of activity on a platform without float64, computed on a CPU.

The platform is chosen by its name alone, so these tests take float64 from the CPU. JAX then refuses
every float64 number, and no program may contain a 64-bit number that a TPU would emulate.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import dimension, gridscore
from oracles.hard_maps import lattice, maps_of_many_kinds, with_holes

from gridjax.metrics import float_pairs, map_batches
from gridjax.metrics.dimensionality import participation_ratio, two_nn
from gridjax.metrics.gridscore import centred_sums, dft_correlation
from gridjax.metrics.gridscore.autocorrelogram import _sums, autocorrelogram
from gridjax.metrics.gridscore.grid_score import grid_score
from gridjax.metrics.lattice.lattice import lattice as lattice_of
from gridjax.metrics.spectral.radial_spectrum import radial_power
from gridjax.run.card_plan.programs import evaluation_programs
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.settings.run_settings import EvaluationSettings

# The error of a correlation, and of a score: sums over rings of some thousand correlations.
CORRELATION, SCORE = 2e-6, 2e-5
N = 13
SPEC = NetworkSpec(Ng=24, Np=20, batch_size=8, sequence_length=3, bin_side_in_m=0.22)
SETTINGS = EvaluationSettings(batch_size=20, samples_per_bin=2)


@pytest.fixture
def without_float64(monkeypatch):
    """Let the CPU be a platform without float64, with chunks of a size for a CPU."""

    def start():
        monkeypatch.setattr(float_pairs, "FLOAT64_PLATFORMS", ())
        monkeypatch.setattr(map_batches, "MOST_VALUES_OF_PAIRS", 2**14)
        monkeypatch.setattr(map_batches, "FEWEST_AT_ONCE", 8)

    return start


def in_float32(maps):
    """The maps in float32, as networks give them, without the numbers that a TPU takes for 0."""
    maps = maps.astype(np.float32)
    return np.where(np.abs(maps) < np.finfo(np.float32).tiny, 0, maps)


def silent_maps(n):
    """Maps of ReLU units: structure at 1e-4 to 1e-15 of the largest rate, in half of the box."""
    random = np.random.default_rng(n)
    x = np.arange(n)[:, None] * np.ones(n)
    quiet = np.maximum(lattice(n, n / 3) + random.normal(0, 0.3, (n, n)), 0)
    loud = np.where(x < n / 4, random.random((n, n)), 0)
    return np.stack([loud + quiet * 10.0**-digits * (x >= n / 4) for digits in (4, 7, 11, 15)])


@pytest.mark.slow
def test_autocorrelograms_equal_the_loop_over_lags(without_float64):
    maps = with_holes(maps_of_many_kinds(N))
    expected = np.stack([gridscore.masked_autocorrelogram(one) for one in maps])
    without_float64()
    np.testing.assert_allclose(autocorrelogram(maps, nan="mask"), expected, atol=CORRELATION)
    filled = np.stack([gridscore.published_autocorrelogram(one) for one in np.nan_to_num(maps)])
    np.testing.assert_allclose(autocorrelogram(maps, nan="zero"), filled, atol=CORRELATION)


def test_silent_windows_and_plateaus_equal_the_loop_over_lags(without_float64):
    """Windows with 1e-8 to 1e-30 of the variance, and with 1e-12 of their own mean square."""
    random = np.random.default_rng(2)
    x = np.arange(N)[:, None] * np.ones(N)
    plateaus = np.where(x < 6, -1, 1) * (1 + 1e-6 * random.normal(size=(N, N)))
    maps = np.concatenate([silent_maps(N), [plateaus]])
    maps = np.concatenate([maps, with_holes(maps)])
    expected = np.stack([gridscore.masked_autocorrelogram(one) for one in maps])
    without_float64()
    np.testing.assert_allclose(autocorrelogram(maps), expected, atol=CORRELATION)


def test_an_offset_makes_no_window_constant(without_float64):
    """The share of variance that makes a window constant is that of the map without offset."""
    maps = np.stack([1e6 + lattice(N, 5), -0.1 - 1e-5 * lattice(N, 6)])
    maps = np.concatenate([maps, with_holes(maps)])
    expected = autocorrelogram(maps)
    without_float64()
    np.testing.assert_allclose(autocorrelogram(maps), expected, atol=CORRELATION)


@pytest.mark.slow
@pytest.mark.parametrize("n", [20, 32, 44])
def test_scores_of_hard_maps_equal_float64(without_float64, n):
    maps = np.concatenate([maps_of_many_kinds(n), silent_maps(n)])
    maps = in_float32(np.concatenate([maps, with_holes(maps)]))
    expected = grid_score(maps, correlations=True)
    without_float64()
    found = grid_score(maps, correlations=True)
    for name in ("score_60", "score_90", "correlations"):
        actual, wanted = getattr(found, name), getattr(expected, name)
        np.testing.assert_allclose(actual, wanted, atol=SCORE, err_msg=name)
    np.testing.assert_array_equal(found.ring_60, expected.ring_60)


@pytest.mark.slow
@pytest.mark.parametrize("n", [20, 32, 44])
def test_published_scores_of_every_reference_map(reference, without_float64, n):
    maps = reference[f"maps_{n}"]
    without_float64()
    scores = grid_score(maps, "minmax", "zero", correlations=True)
    np.testing.assert_allclose(scores.score_60, reference[f"score60_minmax_{n}"], atol=SCORE)
    np.testing.assert_allclose(scores.score_90, reference[f"score90_{n}"], atol=SCORE)
    np.testing.assert_array_equal(scores.ring_60, reference[f"ring60_minmax_{n}"])


@pytest.mark.slow
def test_scale_offset_and_holes_alone(without_float64):
    without_float64()
    maps = maps_of_many_kinds(N)
    scores = grid_score(maps).score_60
    for scale in (1e-200, -3.0, 1e200):
        np.testing.assert_allclose(grid_score(maps * scale).score_60, scores, atol=SCORE)
    loud = [0, 5, 7]
    np.testing.assert_allclose(grid_score(maps[loud] + 1e4).score_60, scores[loud], atol=SCORE)
    nothing = np.full((5, N, N), np.nan)
    nothing[0], nothing[1], nothing[2] = 3.7, 0.0, np.inf
    nothing[3, 2, 5] = 1.0
    np.testing.assert_array_equal(grid_score(nothing).score_60, 0)


def test_maps_on_a_device_and_on_the_host_are_the_same(without_float64):
    without_float64()
    maps = in_float32(with_holes(maps_of_many_kinds(N)))
    on_host = grid_score(maps)
    on_device = grid_score(jnp.asarray(maps))
    assert isinstance(on_device.score_60, jax.Array)
    np.testing.assert_allclose(on_device.score_60, on_host.score_60, atol=1e-6)
    tiny = grid_score(jnp.asarray(maps) * 2.0**-40)
    np.testing.assert_allclose(tiny.score_60, on_host.score_60, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("n", [20, 44])
def test_lattices_equal_float64(without_float64, n):
    maps = [lattice(n, n / 3), lattice(n, n / 4, 0.4) + 1e2, np.full((n, n), 2.5)]
    maps = np.concatenate([maps, with_holes(np.stack(maps))])
    expected = lattice_of(maps, 2.2)
    without_float64()
    for name, wanted, found in zip(expected._fields, expected, lattice_of(maps, 2.2), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=2e-4, atol=1e-5, err_msg=name)
    assert np.isfinite(expected.period_cm).sum() >= 3


def test_spectra_equal_float64(without_float64):
    maps = with_holes(maps_of_many_kinds(20))
    maps = np.concatenate([maps, [np.full((20, 20), 0.1), 1e6 + maps[1]]])
    expected = radial_power(maps, 2.2).power
    without_float64()
    np.testing.assert_allclose(radial_power(maps, 2.2).power, expected, rtol=1e-4, atol=1e-7)
    assert np.isnan(expected).all(axis=1).sum() == 1


def activity(seed):
    """Samples of correlated ReLU units of very different rates, some of them equal."""
    random = np.random.default_rng(seed)
    rates = np.maximum(random.normal(size=(300, 5)) @ random.normal(size=(5, 40)), 0)
    rates *= random.gamma(0.3, 9, 40)
    return np.concatenate([rates, rates[:30]]).astype(np.float32)


@pytest.mark.parametrize("offset", [0, 1e3])
def test_dimensions_equal_eigenvalues_and_loops(without_float64, offset):
    without_float64()
    points = activity(3).astype(float) + offset
    expected = dimension.participation_ratio(points)
    assert participation_ratio(points) == pytest.approx(expected, rel=1e-5)
    assert two_nn(points) == pytest.approx(dimension.two_nn(points), rel=1e-4)
    assert np.isnan(two_nn(np.ones((30, 4))))


def test_near_points_have_exact_neighbours(without_float64):
    """Pairs closer than products of float32 can tell: distances of 1e-6 at lengths of 1."""
    without_float64()
    random = np.random.default_rng(8)
    centres, around = random.normal(size=(15, 1, 6)), random.normal(size=(15, 8, 6))
    points = (centres + 1e-6 * around).reshape(-1, 6)
    points -= points[0]
    points = (points / np.abs(points).max()).astype(np.float32)
    assert two_nn(points) == pytest.approx(dimension.two_nn(points.astype(float)), rel=1e-4)


@pytest.mark.slow
def test_programs_of_an_evaluation_hold_no_64_bit_number(without_float64):
    without_float64()
    spec = replace(SPEC, place_field_values="difference_of_gaussians")
    programs = evaluation_programs(spec, SETTINGS, 2, jax.devices()[0])
    assert len(programs) > 6
    # Random generators of XLA have a state of 64 bits on every device.
    drawn = ("null readouts", "rate maps and errors")
    for program in programs:
        text = program.lower().as_text()
        assert "f64" not in text, program.name
        # Attributes, such as the axes of a reduction, are no numbers of the program.
        numbers = re.sub(r"dense<.*?> : tensor<.*?>", "", text)
        if program.name not in drawn:
            assert not re.search(r"tensor<[\dx]*u?i64>", numbers), program.name


def test_autocorrelograms_hold_no_64_bit_number_and_those_of_a_cpu_do(without_float64):
    def numbers(function):
        """The program of a jitted function, without its compiler options, for a chunk of maps."""
        in_float64 = float_pairs.computes_in_float64("cpu")
        maps = map_batches._chunk_of_host(maps_of_many_kinds(N), 0, 8, N, in_float64)
        with jax.enable_x64(in_float64):
            tables = jax.device_put(dft_correlation.basis(N))
            return str(jax.make_jaxpr(partial(function.__wrapped__, masked=True))(maps, tables))

    wide = re.compile(r"\b[iufc]64\b|\bc128\b")
    assert wide.search(numbers(_sums))
    without_float64()
    found = numbers(centred_sums.quadrants)
    assert "f32[8,13,13]" in found
    assert not wide.search(found)


def test_only_cpus_and_gpus_have_float64():
    has = {name: float_pairs.computes_in_float64(name) for name in ("cpu", "gpu", "tpu")}
    assert has == {"cpu": True, "gpu": True, "tpu": False}
