"""The isotropic null keeps a map's values and radial spectrum, and nothing of its lattice."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import lattice as oracle
from scipy.stats import binom

from gridjax.errors import GridjaxError
from gridjax.metrics.gridscore.grid_score import grid_score
from gridjax.metrics.nulls.chance_scores import p_values
from gridjax.metrics.nulls.isotropic_fields import isotropic_maps, isotropic_scores

BOX = 2.2
KEY = jax.random.key(3)


def score(maps):
    return grid_score(maps).score_60


def noise_maps(n, width, rectified, count, seed=0):
    rng = np.random.default_rng(seed)
    return np.array(
        [oracle.smoothed_noise(rng, n, width * n / 44, rectified) for _ in range(count)]
    )


def lattice_maps(n, lowest, highest, count, seed=0):
    rng = np.random.default_rng(seed)
    return np.array(
        [
            oracle.noisy(
                rng,
                oracle.fields_map(n, BOX, period, rng.uniform(0, 1), rng.uniform(-1, 1, 2)),
            )
            for period in np.linspace(lowest, highest, count)
        ]
    )


def spectrum(maps):
    """Power of the padded map, its frequency radius in cycles per two maps, and its angle."""
    maps = np.nan_to_num(maps - np.nanmean(maps, axis=(-2, -1), keepdims=True))
    side = 2 * maps.shape[-1]
    power = np.abs(np.fft.fft2(maps, (side, side))) ** 2
    k = np.fft.fftfreq(side) * side
    return power, np.hypot(k[:, None], k), np.arctan2(k[:, None], k)


def misplaced(maps, fields):
    """Share of the power that the fields' mean spectrum has at other radii than the map's."""

    def by_radius(rate):
        power, radius, _ = spectrum(rate)
        power = power.mean(axis=0) if power.ndim == 3 else power
        by = np.bincount(radius.round().astype(int).ravel(), power.ravel())
        return by / by.sum()

    return 0.5 * np.abs(by_radius(maps) - by_radius(fields)).sum()


def sixfold(maps):
    power, _, angle = spectrum(maps)
    return np.abs((power * np.exp(6j * angle)).sum((-2, -1))) / power.sum((-2, -1))


@pytest.mark.slow
def test_values_are_the_maps_own_and_stay_off_its_holes():
    maps = noise_maps(20, 3.0, True, 3)
    maps[1][np.random.default_rng(0).random((20, 20)) < 0.3] = np.nan
    fields = isotropic_maps(KEY, maps, 5)
    assert fields.shape == (3, 5, 20, 20)
    for rate, drawn in zip(maps.astype(np.float32), fields, strict=True):
        for field in drawn:
            np.testing.assert_array_equal(np.isnan(field), np.isnan(rate))
            np.testing.assert_array_equal(np.sort(field, axis=None), np.sort(rate, axis=None))
            assert not np.array_equal(field, rate, equal_nan=True)


@pytest.mark.slow
@pytest.mark.parametrize("holes", [0.0, 0.3])
def test_the_radial_spectrum_is_kept(holes):
    rng = np.random.default_rng(1)
    noise, lattices = noise_maps(20, 3.0, True, 4), lattice_maps(20, 0.4, 0.9, 4)
    # a lattice's ring is narrower than a skewed field of random waves can have it
    for maps, most in ((noise, 0.12), (lattices, 0.25)):
        maps[rng.random(maps.shape) < holes] = np.nan
        fields = isotropic_maps(KEY, maps, 128)
        kept = [misplaced(rate, drawn) for rate, drawn in zip(maps, fields, strict=True)]
        assert np.max(kept) < most
        # what another map's null would give
        crossed = [misplaced(rate, fields[i - 1]) for i, rate in enumerate(maps)]
        assert np.mean(crossed) > 2 * np.mean(kept)


def test_no_direction_is_favoured_and_the_lattice_is_gone():
    maps = lattice_maps(20, 0.4, 0.9, 4)
    fields = isotropic_maps(KEY, maps, 128)
    assert sixfold(maps).min() > 0.4
    mean_sixfold = [
        np.abs((power * np.exp(6j * angle)).sum()) / power.sum()
        for power, _, angle in (
            (p.mean(axis=0), r, a) for p, r, a in (spectrum(drawn) for drawn in fields)
        )
    ]
    # 128 draws of a ring of ten or more independent waves: 1 / sqrt(1280), three times over
    assert np.max(mean_sixfold) < 0.09
    assert score(maps).min() > 0.9
    assert np.median(score(fields)) < 0.3


@pytest.mark.slow
@pytest.mark.parametrize("width", [1.0, 5.0])
def test_false_positives_are_nominal(width):
    count, draws = 120, 39
    maps = np.concatenate([noise_maps(20, width, rectified, count // 2) for rectified in (0, 1)])
    p = p_values(score(maps), isotropic_scores(KEY, maps, draws, score))
    for level in (0.05, 0.5):
        low, high = binom.ppf([0.0005, 0.9995], count, level)
        assert low <= (p <= level).sum() <= high


def narrow_band(n, waves, count, spread=0.1):
    """Return random fields: sums of 128 waves, about ``waves`` in the box, in random directions."""
    rng = np.random.default_rng(int(10 * waves))
    axis = (np.arange(n) + 0.5) / n
    x, y = np.meshgrid(axis, axis, indexing="ij")
    fields = []
    for _ in range(count):
        k = 2 * np.pi * waves * (1 + spread * rng.normal(size=(128, 1, 1)))
        angle, phase = rng.uniform(0, 2 * np.pi, (2, 128, 1, 1))
        size = rng.rayleigh(size=(128, 1, 1))
        waves_of_one = size * np.cos(k * (np.cos(angle) * x + np.sin(angle) * y) + phase)
        fields.append(waves_of_one.sum(0) / np.sqrt((size**2).sum() / 2))
    return np.array(fields)


@pytest.mark.slow
@pytest.mark.parametrize("waves", [2.0, 3.5, 5.0])
@pytest.mark.parametrize("cut", [-np.inf, 0.0, 1.0])
def test_false_positives_of_rectified_fields_of_a_narrow_band(waves, cut):
    """The random fields that networks form, any sign and without the rates below a threshold."""
    maps = np.maximum(narrow_band(32, waves, 200), cut)
    p = p_values(score(maps), isotropic_scores(KEY, maps, 39, score))
    assert (p <= 0.05).sum() <= binom.ppf(0.9995, 200, 0.05)
    assert binom.ppf(0.0005, 200, 0.5) <= (p <= 0.5).sum() <= binom.ppf(0.9995, 200, 0.5)


@pytest.mark.slow
@pytest.mark.parametrize(("lowest", "highest"), [(0.3, 1.0), (1.0, 1.4)])
def test_power_on_clean_lattices_with_39_draws(lowest, highest):
    maps = lattice_maps(20, lowest, highest, 40)
    p = p_values(score(maps), isotropic_scores(KEY, maps, 39, score))
    assert (p < 0.05).mean() >= 0.95


@pytest.mark.slow
@pytest.mark.parametrize("n", [20, 44])
def test_false_positives_and_power_at_length(n):
    count, draws = 100, 59
    for width in (1.0, 4.0):
        for rectified in (False, True):
            maps = noise_maps(n, width, rectified, count, seed=int(width))
            p = p_values(score(maps), isotropic_scores(KEY, maps, draws, score))
            for level in (0.05, 0.5):
                low, high = binom.ppf([0.0005, 0.9995], count, level)
                assert low <= (p <= level).sum() <= high
    maps = lattice_maps(n, 0.3, 1.4, 60)
    p = p_values(score(maps), isotropic_scores(KEY, maps, draws, score))
    assert (p < 0.05).mean() >= 0.95


@pytest.mark.slow
def test_draws_depend_on_their_key_alone():
    maps = noise_maps(20, 3.0, True, 3)
    keys = jax.random.split(KEY, 3)
    fields = isotropic_maps(keys, maps, 4)
    np.testing.assert_array_equal(isotropic_maps(keys[2], maps[2], 4), fields[2])
    np.testing.assert_array_equal(isotropic_maps(keys, maps, 200)[:, :4], fields)
    again, other = isotropic_maps(KEY, maps, 4), isotropic_maps(jax.random.key(4), maps, 4)
    np.testing.assert_array_equal(isotropic_maps(KEY, jnp.asarray(maps), 4), again)
    assert not np.array_equal(again, other)


def test_scores_are_those_of_the_maps():
    maps = noise_maps(20, 3.0, True, 2)
    scores = isotropic_scores(KEY, maps, 6, score)
    # rotations in another batch differ by rounding
    np.testing.assert_allclose(scores, score(isotropic_maps(KEY, maps, 6)), atol=1e-5)


@pytest.mark.slow
def test_scale_does_not_matter_and_nothing_comes_from_nothing():
    rate = noise_maps(20, 3.0, True, 1)[0]
    scores = isotropic_scores(KEY, rate, 8, score)
    for scale in (1e-12, 1e12):
        np.testing.assert_allclose(isotropic_scores(KEY, scale * rate, 8, score), scores, atol=0.02)
    nothing = np.stack([np.zeros((20, 20)), np.full((20, 20), 2.0), np.full((20, 20), np.nan)])
    drawn = isotropic_maps(KEY, nothing, 3)
    for rate, fields in zip(nothing, drawn, strict=True):
        np.testing.assert_array_equal(fields, np.broadcast_to(rate, fields.shape))


@pytest.mark.parametrize("exponent", [-1000, -90, 100, 1000])
def test_any_scale_that_float64_holds(exponent):
    rate = noise_maps(20, 3.0, True, 1)[0].astype(np.float64)
    # powers of two change no bit: not of the fields, hence not of the scores
    scaled = np.ldexp(rate, exponent)
    expected = np.ldexp(isotropic_maps(KEY, rate, 6).astype(np.float64), exponent)
    np.testing.assert_array_equal(isotropic_maps(KEY, scaled, 6), expected)


@pytest.mark.slow
def test_an_extreme_lattice_is_told_from_its_null():
    (rate,) = lattice_maps(20, 0.6, 0.6, 1)
    for scale in (1e-200, 1e-25, 1e30, 1e200):
        draws = isotropic_scores(KEY, scale * rate, 39, score)
        assert len(np.unique(draws)) == 39
        assert p_values(score(scale * rate), draws) == 1 / 40


def test_offsets_cost_no_values():
    rate = noise_maps(20, 3.0, False, 1)[0].astype(np.float64)
    rate[2:5, 3:9] = np.nan
    for drawn in isotropic_maps(KEY, 1e9 + rate, 6):
        np.testing.assert_array_equal(np.isnan(drawn), np.isnan(rate))
        found = np.sort(drawn[np.isfinite(drawn)] - 1e9)
        # float64 holds 1e9 to 1e-7; float32 would hold it to 64, the whole map being 6 wide
        np.testing.assert_allclose(found, np.sort(rate[np.isfinite(rate)]), atol=1e-6)


@pytest.mark.parametrize("n_draws", [0, -1, 2.5, "a", float("nan"), None, 10**9])
def test_draws_are_a_number(n_draws):
    with pytest.raises(GridjaxError, match="n_draws is"):
        isotropic_maps(KEY, np.ones((20, 20)), n_draws)


def test_maps_and_keys_must_be_there():
    maps = noise_maps(20, 3.0, True, 2)
    with pytest.raises(GridjaxError, match=r"\(0, 20, 20\)"):
        isotropic_maps(KEY, maps[:0], 1)
    for key in (3, None, jax.random.PRNGKey(0)):
        with pytest.raises(GridjaxError, match="key is"):
            isotropic_maps(key, maps, 1)
    with pytest.raises(GridjaxError, match=r"keys have shape \(3,\), maps \(2,\)"):
        isotropic_maps(jax.random.split(KEY, 3), maps, 1)
