"""Position codes: measures against loops, and codes whose answers are known."""

import jax
import numpy as np
import pytest
from oracles import coding as slow

from gridjax.errors import GridjaxError
from gridjax.metrics import (
    code_book,
    decoding_errors_cm,
    few_shot_errors_cm,
    fisher_information,
    fit_lattice,
    grid_score,
    isotropic_maps,
    lattice_module,
    local_error_cm,
    navigation_errors_cm,
    noise_threshold,
    place_code,
    unexplained_shares,
    with_unit_power,
)
from gridjax.metrics.coding.nearest_neighbour import _trials
from gridjax.metrics.coding.ridge import PENALTIES, fit_ridge

KEY, BOX_M, N = jax.random.key(3), 2.0, 20
RANDOM = np.random.default_rng(0)
MAPS = RANDOM.normal(size=(5, N, N))


def ramps(n=N, slope=0.1):
    """Two units: one rises by the slope for each cm along x, one along y."""
    axis = slope * 100 * BOX_M * ((np.arange(n) + 0.5) / n - 0.5)
    return np.stack(np.broadcast_arrays(axis[:, None], axis[None]))


def test_fisher_information_is_the_sum_over_units():
    expected = slow.fisher_information(MAPS, 100 * BOX_M / N, 0.7)
    np.testing.assert_allclose(fisher_information(MAPS, BOX_M, 0.7), expected, rtol=1e-10)


def test_the_local_error_of_ramps_is_the_noise_over_the_slope():
    assert local_error_cm(ramps(), BOX_M, 0.3) == pytest.approx(np.sqrt(2) * 0.3 / 0.1)
    assert local_error_cm(ramps()[:1], BOX_M, 0.3) == np.inf  # nothing along y


def test_bins_without_rates_have_no_information():
    holes = MAPS.copy()
    holes[0, 4, 4] = np.nan
    found = fisher_information(holes, BOX_M, 1.0)
    assert np.isnan(found[4, 5]).any()
    assert np.isfinite(found[10:]).all()
    assert np.isfinite(local_error_cm(holes, BOX_M, 1.0))
    assert len(code_book(holes, BOX_M).rates) == N * N - 1


@pytest.mark.parametrize("within", [np.inf, 40.0])
def test_decoding_takes_the_nearest_rates(within):
    book = code_book(MAPS, BOX_M)
    true = np.asarray(_trials(KEY, book, 30, within).true)
    _, of_noise = jax.random.split(KEY)
    noise = 1.5 * np.asarray(jax.random.normal(of_noise, (30, 5)), np.float64)
    expected = slow.nearest_errors(book.rates, book.positions_cm, true, noise, within)
    found = decoding_errors_cm(KEY, MAPS, BOX_M, 1.5, 30, within)
    np.testing.assert_allclose(found, expected)
    assert expected.max() > 10
    assert (expected.max() <= 40) == (within == 40)
    assert decoding_errors_cm(KEY, MAPS, BOX_M, 0.0, 30).max() == 0


def test_the_threshold_of_ramps_is_that_of_a_gaussian_error():
    """P(|e| > 10 cm) = exp(-100 / 2 s^2) is .01 at s = 3.295 cm, but for walls and bins."""
    found = noise_threshold(KEY, ramps(50), BOX_M, 1500)
    assert found == pytest.approx(0.1 * 10 / np.sqrt(2 * np.log(100)), rel=0.1)
    shares = [
        (decoding_errors_cm(KEY, ramps(50), BOX_M, factor * found, 1500) > 10).mean()
        for factor in (0.98, 1.02)
    ]
    assert shares[0] <= 0.01 <= shares[1]


def test_a_lattice_that_repeats_has_no_threshold_but_within_its_period():
    """Period 50 cm of bins of 10 cm: every rate occurs at several places, exactly."""
    square = lattice_module(KEY, 16, 50, BOX_M, N, "square")
    assert noise_threshold(KEY, square, BOX_M, 500) == 0
    assert noise_threshold(KEY, square, BOX_M, 500, within_cm=24) > 0.1
    assert noise_threshold(KEY, square, BOX_M, 500, within_cm=9) == np.inf
    assert noise_threshold(KEY, np.zeros((2, N, N)), BOX_M, 500) == 0


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_unit_power_does_not_depend_on_the_scale(scale):
    maps = np.where(MAPS.max() > MAPS, MAPS, np.nan)
    found = with_unit_power(scale * maps)
    assert np.nanmean(np.square(found)) == pytest.approx(1)
    np.testing.assert_allclose(found, with_unit_power(maps))


def test_random_features_of_the_same_spectrum_lack_the_repetition():
    lattice = with_unit_power(lattice_module(KEY, 12, 60, BOX_M, N))
    annulus = with_unit_power(isotropic_maps(KEY, lattice, 1)[:, 0])
    ratio = noise_threshold(KEY, lattice, BOX_M, 500) / noise_threshold(KEY, annulus, BOX_M, 500)
    assert ratio < 0.5
    errors = [local_error_cm(maps, BOX_M, 0.1) for maps in (lattice, annulus)]
    assert errors[0] == pytest.approx(errors[1], rel=0.35)


@pytest.mark.parametrize(("symmetry", "high"), [("hexagonal", 1), ("square", -0.3)])
def test_a_module_has_its_period_orientation_and_symmetry(symmetry, high):
    maps = lattice_module(KEY, 6, 55, BOX_M, 40, symmetry, orientation_rad=0.2)
    scores = grid_score(maps).score_60
    assert (scores > high).all() if symmetry == "hexagonal" else (scores < high).all()
    assert 0 <= maps.min() <= 0.02
    assert 0.98 <= maps.max() <= 1
    if symmetry == "hexagonal":
        lattice = fit_lattice(maps, BOX_M)
        np.testing.assert_allclose(lattice.period_cm, 55, rtol=0.02)
        np.testing.assert_allclose(lattice.orientation_rad, 0.2, atol=0.03)


def test_phases_fill_the_unit_cell():
    """The mean over many units of a module is flat: no phase is preferred."""
    for symmetry in ("hexagonal", "square"):
        mean = lattice_module(KEY, 4000, 55, BOX_M, 20, symmetry).mean(axis=0)
        assert mean.std() < 0.01


def test_place_cells_have_their_width_and_centres_in_the_box():
    maps = place_code(KEY, 300, 12, BOX_M, 50)
    peaks = np.array([np.unravel_index(one.argmax(), one.shape) for one in maps]) / 50
    assert abs(peaks.mean() - 0.5) < 0.05
    assert peaks.std() == pytest.approx(1 / np.sqrt(12), rel=0.1)
    inner = maps[((peaks > 0.3) & (peaks < 0.7)).all(axis=1)]
    assert inner.sum(axis=(1, 2)).mean() * 4.0**2 == pytest.approx(2 * np.pi * 12**2, rel=0.02)


def test_the_ridge_penalty_has_the_least_leave_one_out_error():
    x = RANDOM.normal(size=(14, 9))
    y = x[:, :2] + RANDOM.normal(size=(14, 2))
    fit = fit_ridge(x, y)
    scale = np.square(x - x.mean(axis=0)).sum() / 9
    errors = [slow.leave_one_out(x, y, penalty * scale) for penalty in PENALTIES]
    assert fit.penalty == PENALTIES[np.argmin(errors)]
    assert PENALTIES[0] < fit.penalty < PENALTIES[-1]
    weights, offset = slow.ridge(x, y, fit.penalty * scale)
    np.testing.assert_allclose(fit.weights, weights, rtol=1e-8)
    np.testing.assert_allclose(fit.offset, offset, rtol=1e-8)


def test_few_labels_suffice_for_ramps_and_none_for_constant_rates():
    counts = (4, 16, 64)
    assert few_shot_errors_cm(KEY, ramps(), BOX_M, 0.0, counts, 3).max() < 0.01
    chance = few_shot_errors_cm(KEY, np.ones((2, N, N)), BOX_M, 0.0, counts, 10)
    middle = np.linalg.norm(code_book(ramps(), BOX_M).positions_cm, axis=1).mean()
    assert chance[-1] == pytest.approx(middle, rel=0.02)
    noisy = few_shot_errors_cm(KEY, ramps(), BOX_M, 0.5, (64, 256), 10)
    # noise of 5 cm in each coordinate: a mean distance of 5 sqrt(pi / 2), a little more by the fit
    np.testing.assert_allclose(noisy, 5 * np.sqrt(np.pi / 2), rtol=0.08)


def test_displacements_of_ramps_are_read_beyond_those_in_training():
    found = navigation_errors_cm(KEY, ramps(), BOX_M, 0.0, 200)
    assert max(found.near, found.far) < 0.1
    assert found.chance_far > 100
    blind = navigation_errors_cm(KEY, np.ones((2, N, N)), BOX_M, 0.0, 200)
    assert blind.far == pytest.approx(blind.chance_far, rel=0.1)


def test_waves_give_displacements_up_to_half_their_period():
    """sin(k (x2 - x1)) is bilinear in cosines: learned nearby, wrong far away."""
    waves = lattice_module(KEY, 32, 300, BOX_M, N, "square")
    found = navigation_errors_cm(KEY, waves, BOX_M, 0.0, 1000)
    assert found.near < 10
    assert found.far > 3 * found.near


def test_new_targets_are_learned_as_by_gradient_descent():
    targets = RANDOM.normal(size=(3, N, N))
    steps = (0, 1, 7, 40)
    x, y = (maps.reshape(len(maps), -1).T for maps in (np.concatenate([MAPS, ramps()]), targets))
    found = unexplained_shares(np.concatenate([MAPS, ramps()]), targets, steps)
    np.testing.assert_allclose(found, [slow.gradient_descent(x, y, n) for n in steps], rtol=1e-9)
    assert found[0] == 1
    assert unexplained_shares(MAPS, MAPS[1:3] - MAPS[:1], [10**6])[0] < 1e-9
    assert unexplained_shares(np.ones((2, N, N)), targets, [5]) == [1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: local_error_cm(MAPS[0], BOX_M, 1.0), "maps"),
        (lambda: local_error_cm(MAPS[:, :4], BOX_M, 1.0), "maps have shape"),
        (lambda: local_error_cm(MAPS / 0, BOX_M, 1.0), "infinite"),
        (lambda: local_error_cm(MAPS, 0, 1.0), "box_width_m"),
        (lambda: local_error_cm(MAPS, BOX_M, 0), "noise_sd"),
        (lambda: code_book(np.full((1, N, N), np.nan), BOX_M), "0 bins are known"),
        (lambda: noise_threshold(KEY, MAPS, BOX_M, 0), "n_trials"),
        (lambda: noise_threshold(KEY, MAPS, BOX_M, within_cm=-1), "within_cm"),
        (lambda: few_shot_errors_cm(KEY, MAPS, BOX_M, n_labelled=[400]), "n_labelled"),
        (lambda: few_shot_errors_cm(KEY, MAPS, BOX_M, n_labelled=[]), "n_labelled"),
        (lambda: unexplained_shares(MAPS, MAPS[:, :4, :4]), "targets"),
        (lambda: unexplained_shares(MAPS, np.ones((1, N, N))), "constant"),
        (lambda: unexplained_shares(MAPS, np.full((1, N, N), 0.1)), "constant"),
        (lambda: with_unit_power(np.zeros((1, N, N))), "all rates are 0"),
        (lambda: lattice_module(KEY, 3, 50, BOX_M, N, "round"), "symmetry"),
        (lambda: place_code(KEY, 0, 10, BOX_M, N), "n_units"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_invalid_input_is_named(call, message):
    with pytest.raises(GridjaxError, match=message):
        call()
