"""Grid scores against the published scorer, and what must not move them."""

from __future__ import annotations

import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import gridscore as oracle
from oracles.hard_maps import lattice, maps_of_many_kinds, with_holes

from gridjax.errors import GridjaxError
from gridjax.metrics.gridscore.autocorrelogram import autocorrelogram
from gridjax.metrics.gridscore.grid_score import GridScores, grid_score
from gridjax.metrics.map_batches import chunk_size

# Rotations and ring sums are float32: a thousand terms near 1, over a ring's variance.
TOLERANCE = 2e-5
N = 13


def assert_scores_close(a: GridScores, b: GridScores, tolerance: float = TOLERANCE) -> None:
    np.testing.assert_allclose(a.score_60, b.score_60, atol=tolerance)
    np.testing.assert_allclose(a.score_90, b.score_90, atol=tolerance)


@pytest.mark.parametrize(
    ("n", "nan"),
    [(20, "zero"), (20, "mask"), (44, "zero")]
    + [pytest.param(*case, marks=pytest.mark.slow) for case in [(32, "zero"), (44, "mask")]],
)
def test_published_scores_of_every_reference_map(reference, n, nan):
    maps = reference[f"maps_{n}"]
    # "mask" is the published treatment only where every bin was visited.
    known = np.isfinite(maps).all((1, 2)) if nan == "mask" else slice(None)
    for variant in ("minmax", "mean"):
        scores = grid_score(maps, variant, nan)
        expected = reference[f"score60_{variant}_{n}"][known]
        np.testing.assert_allclose(scores.score_60[known], expected, atol=TOLERANCE)
        expected = reference[f"score90_{n}"][known]
        np.testing.assert_allclose(scores.score_90[known], expected, atol=TOLERANCE)
    rings = grid_score(maps, "minmax", nan).ring_60
    np.testing.assert_array_equal(rings[known], reference[f"ring60_minmax_{n}"][known])


@pytest.mark.parametrize("variant", ["minmax", "mean"])
def test_all_correlations_and_scores_equal_the_published_scorer(variant):
    maps = np.concatenate([maps_of_many_kinds(N), maps_of_many_kinds(N, seed=7)])
    scores = grid_score(maps, variant, nan="zero", correlations=True)
    for i, one in enumerate(maps):
        r = oracle.rotational_correlations(
            oracle.published_autocorrelogram(one), oracle.ring_masks(N)
        )
        np.testing.assert_allclose(scores.correlations[i], r, atol=TOLERANCE)
        s60, s90, ring = oracle.scores(r, variant)
        assert scores.score_60[i] == pytest.approx(s60, abs=TOLERANCE)
        assert scores.score_90[i] == pytest.approx(s90, abs=TOLERANCE)
        assert scores.ring_60[i] == ring


@pytest.mark.slow
@pytest.mark.parametrize("rings", ["study", "adaptive"])
def test_masked_scores_equal_rings_of_the_masked_loop(rings):
    maps = with_holes(maps_of_many_kinds(N))
    scores = grid_score(maps, "mean", nan="mask", rings=rings)
    for i, one in enumerate(maps):
        sac = oracle.masked_autocorrelogram(one)
        masks = oracle.ring_masks(N) if rings == "study" else oracle.adaptive_masks(sac)
        s60, s90, ring = oracle.scores(oracle.rotational_correlations(sac, masks), "mean")
        assert scores.score_60[i] == pytest.approx(s60, abs=TOLERANCE)
        assert scores.score_90[i] == pytest.approx(s90, abs=TOLERANCE)
        assert scores.ring_60[i] == ring


def test_lattices_are_told_apart():
    hexagonal, square = grid_score(np.stack([lattice(20, 7), lattice(20, 7, folds=2)])).score_60
    assert hexagonal > 1.0 > 0.0 > square
    assert np.diff(grid_score(np.stack([lattice(20, 7), lattice(20, 7, folds=2)])).score_90) > 1.0


def nothing_to_see() -> np.ndarray:
    some = np.full((6, N, N), np.nan)
    some[0], some[1] = 3.7, 0.0
    some[3, 2, 5] = 1.0
    some[4] = np.where(np.arange(N) < 4, np.nan, -2.5)
    some[5] = np.inf
    return some


@pytest.mark.parametrize("rings", ["study", "adaptive"])
@pytest.mark.parametrize("nan", ["mask", "zero"])
def test_maps_that_say_nothing_score_0(nan, rings):
    maps = nothing_to_see()
    if nan == "zero":
        maps = maps[[0, 1, 2, 5]]  # a hole in a constant map is a step then
    scores = grid_score(maps, nan=nan, rings=rings, correlations=True)
    for values in scores:
        np.testing.assert_array_equal(values, np.zeros_like(values))


@pytest.mark.parametrize("rings", ["study", "adaptive"])
@pytest.mark.parametrize("nan", ["mask", "zero"])
def test_no_map_scores_nan(nan, rings):
    peaks = np.zeros((4, N, N))
    peaks[0, 6, 6] = peaks[1, 0, 0] = 1.0
    peaks[2, 3, 3:6] = -5.0
    peaks[3] = np.exp(-np.arange(N * N, dtype=float).reshape(N, N) * 4)
    maps = np.concatenate([peaks, nothing_to_see(), maps_of_many_kinds(N)])
    huge = np.concatenate([maps, maps * 1e-300, maps * 1e300, with_holes(maps)])
    for values in grid_score(huge, nan=nan, rings=rings, correlations=True):
        assert np.all(np.isfinite(values))
        assert np.abs(values).max() < 20


@pytest.mark.parametrize("nan", ["mask", "zero"])
def test_scale_and_offset_do_not_matter(nan):
    maps = maps_of_many_kinds(N)
    if nan == "mask":
        maps = with_holes(maps)
    scores = grid_score(maps, nan=nan)
    for scale in (1e-12, -3.0, 1e12):
        assert_scores_close(grid_score(maps * scale, nan=nan), scores)
    # Offsets round the quiet parts of a map away: only maps without them can be compared.
    loud = [0, 5, 7]
    moved = grid_score(maps[loud] + 37.5, nan=nan)
    np.testing.assert_allclose(moved.score_60, scores.score_60[loud], atol=TOLERANCE)


def test_symmetries_of_the_square():
    maps = with_holes(maps_of_many_kinds(N))
    scores = grid_score(maps, correlations=True)
    turned = grid_score(np.rot90(maps, axes=(1, 2)), correlations=True)
    mirrored = grid_score(maps.swapaxes(1, 2), correlations=True)
    np.testing.assert_allclose(turned.correlations, scores.correlations, atol=TOLERANCE)
    # 30 becomes 150, 45 becomes 135, 60 becomes 120 degrees
    np.testing.assert_allclose(
        mirrored.correlations, scores.correlations[..., ::-1], atol=TOLERANCE
    )


def test_a_score_depends_on_its_map_alone():
    maps = with_holes(np.concatenate([maps_of_many_kinds(N, seed) for seed in range(20)]))
    assert len(maps) > chunk_size(N)
    scores = grid_score(maps)
    order = np.random.default_rng(0).permutation(len(maps))
    shuffled = grid_score(maps[order])
    np.testing.assert_array_equal(shuffled.score_60, scores.score_60[order])
    np.testing.assert_array_equal(shuffled.ring_60, scores.ring_60[order])
    for i in (0, 3, 131):
        alone = grid_score(maps[i])
        assert alone.score_60.shape == ()
        assert alone.score_60 == scores.score_60[i]


def test_shapes_and_types():
    maps = maps_of_many_kinds(N)
    scores = grid_score(maps.reshape(2, 1, 4, N, N), correlations=True)
    assert scores.score_60.shape == scores.ring_60.shape == (2, 1, 4)
    assert scores.correlations.shape == (2, 1, 4, 10, 7)
    assert scores.score_60.dtype == np.float32
    assert scores.ring_60.dtype == np.int32
    assert grid_score(maps).correlations is None
    assert grid_score(np.zeros((0, 3, N, N))).score_60.shape == (0, 3)
    assert_scores_close(grid_score(np.round(maps * 9).astype(int)), grid_score(np.round(maps * 9)))
    masked = np.ma.masked_invalid(with_holes(maps))
    assert_scores_close(grid_score(masked), grid_score(with_holes(maps)), 0)


def test_jax_maps_stay_on_their_device_and_leave_the_flag_alone():
    maps = with_holes(maps_of_many_kinds(N)).astype(np.float32)
    device = jax.devices()[-1]
    expected = grid_score(maps)
    assert not jax.config.jax_enable_x64
    scores = grid_score(jax.device_put(maps, device), correlations=True)
    assert not jax.config.jax_enable_x64
    assert all(isinstance(x, jax.Array) and x.devices() == {device} for x in scores)
    assert_scores_close(scores, expected, 0)
    with jax.enable_x64(True):
        assert_scores_close(grid_score(jnp.asarray(maps)), expected, 0)
    many = np.resize(maps, (chunk_size(N) + 5, N, N))
    assert_scores_close(grid_score(jnp.asarray(many)), grid_score(many), 0)


def test_threads_do_not_disturb_each_other():
    maps = maps_of_many_kinds(N)
    expected, results = grid_score(maps), {}

    def work(name):
        results[name] = grid_score(maps), jnp.ones(3).dtype

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert len(results) == 4
    for scores, dtype in results.values():
        assert_scores_close(scores, expected, 0)
        assert dtype == jnp.float32


def test_other_batches_and_variants_compile_nothing(caplog):
    grid_score(maps_of_many_kinds(N))
    with jax.log_compiles():
        grid_score(np.resize(maps_of_many_kinds(N), (300, N, N)), "mean", correlations=True)
    assert not [record for record in caplog.records if "ompil" in record.message]


@pytest.mark.parametrize(
    ("maps", "words"),
    [
        (np.zeros(13), "(13,)"),
        (np.zeros((3, 13, 12)), "(3, 13, 12)"),
        (np.zeros((7, 7)), "7 bins"),
        (np.zeros((257, 257)), "257 bins"),
        (np.zeros((13, 13), complex), "complex128"),
        (np.full((13, 13), "a"), "<U1"),
        (np.full((13, 13), None), "object"),
        ([[1, 2], [3]], "inhomogeneous"),
        (np.zeros((13, 13), "M8[s]"), "datetime64"),
        (np.zeros((13, 13), "m8[s]"), "timedelta64"),
        (np.ma.masked_all((13, 13), complex), "complex128"),
    ],
)
def test_unusable_maps_are_refused(maps, words):
    for function in (grid_score, autocorrelogram):
        with pytest.raises(GridjaxError) as caught:
            function(maps)
        assert words in str(caught.value)
        assert caught.value.problems[0].fix


def test_unknown_options_are_refused():
    maps = np.zeros((N, N))
    for options in ({"variant": "max"}, {"nan": "drop"}, {"rings": 3}, {"nan": ["mask"]}):
        with pytest.raises(GridjaxError, match=str(next(iter(options)))):
            grid_score(maps, **options)
    with pytest.raises(GridjaxError, match="traced"):
        jax.jit(grid_score)(maps)
