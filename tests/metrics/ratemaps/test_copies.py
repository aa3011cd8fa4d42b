"""Copies among maps, against a loop over pairs of maps."""

import jax.numpy as jnp
import numpy as np
import pytest

import gridjax as gj
from gridjax.metrics.ratemaps.copies import copies_in_lanes


def by_pairs(maps, least):
    """Each map against each earlier one that is no copy, with np.corrcoef over visited bins."""
    found = []
    for at, one in enumerate(maps):
        found.append(at)
        for other in range(at):
            if found[other] != other:
                continue
            visited = np.isfinite(one) & np.isfinite(maps[other])
            a, b = one[visited], maps[other][visited]
            if a.std() > 1e-9 and b.std() > 1e-9 and abs(np.corrcoef(a, b)[0, 1]) >= least:
                found[-1] = other
                break
    return np.array(found)


@pytest.mark.parametrize("least", [0.5, 0.9, 0.99])
def test_copies_are_those_of_all_pairs(least):
    rng = np.random.default_rng(0)
    groups = rng.normal(size=(5, 12, 12))
    noise = rng.uniform(0, 0.8, 40)[:, None, None]
    maps = groups[rng.integers(0, 5, 40)] * rng.choice([-1, 3], 40)[:, None, None]
    maps = maps + noise * rng.normal(size=maps.shape) + 100
    maps[7] = 2.0  # does not vary
    maps[8] = 2.0
    maps[:, 3, 4] = np.nan
    found = gj.metrics.copy_of(maps, least)
    np.testing.assert_array_equal(found, by_pairs(maps, least))
    assert found[7] == 7
    assert found[8] == 8
    assert 5 <= (found == np.arange(40)).sum() < 40


def test_a_network_has_the_same_copies_beside_any_others():
    rng = np.random.default_rng(1)
    maps = np.float32(rng.normal(size=(3, 20, 9, 9)))
    maps[:, 10:] = maps[:, :10] + np.float32(0.45) * rng.normal(size=(3, 10, 9, 9))
    together = gj.metrics.copy_of(maps)
    for lane, own in zip(maps, together, strict=True):
        np.testing.assert_array_equal(gj.metrics.copy_of(lane), own)
    assert 0 < (together != np.arange(20)).sum() < 30
    volume = np.asarray(copies_in_lanes(jnp.asarray(maps.reshape(3, 20, 3, 3, 9))))
    np.testing.assert_array_equal(volume, together)


def test_masked_bins_are_not_visited():
    rng = np.random.default_rng(2)
    maps = rng.normal(size=(1, 8, 8)).repeat(2, 0)
    maps[1, 0] = 1e6
    assert list(gj.metrics.copy_of(maps)) == [0, 1]
    mask = np.zeros(maps.shape, bool)
    mask[:, 0] = True
    assert list(gj.metrics.copy_of(np.ma.array(maps, mask=mask))) == [0, 0]


@pytest.mark.parametrize("shape", [(5, 5), (3, 4, 5), (0, 5, 5)])
def test_what_are_no_maps_is_refused(shape):
    with pytest.raises(gj.GridjaxError, match="square maps"):
        gj.metrics.copy_of(np.zeros(shape))


@pytest.mark.parametrize("correlation", [0, 1.1, float("nan"), "x"])
def test_a_correlation_out_of_range_is_refused(correlation):
    with pytest.raises(gj.GridjaxError, match="correlation is"):
        gj.metrics.copy_of(np.zeros((2, 5, 5)), correlation)


@pytest.mark.parametrize("scale", [1e-40, 1e-22, 1e22, 1e40])
def test_the_unit_of_the_rates_does_not_matter(scale):
    rng = np.random.default_rng(3)
    maps = rng.normal(size=(6, 9, 9))
    maps[3:] = -2 * maps[:3] + 0.1 * rng.normal(size=(3, 9, 9))
    maps[:, 2, 3] = np.nan
    assert list(gj.metrics.copy_of(scale * maps)) == [0, 1, 2, 0, 1, 2]
