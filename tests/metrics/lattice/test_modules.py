"""Modules: groups of units of one period and orientation."""

import numpy as np
import pytest

from gridjax.metrics.lattice.modules import false_module_share, mean_orientation, modules

RANDOM = np.random.default_rng(7)


def units(period, turn, n=20, spread=0.01):
    return period * np.exp(spread * RANDOM.normal(size=n)), turn + 0.02 * RANDOM.normal(size=n)


def joined(*groups):
    period, turn = zip(*groups, strict=True)
    return np.concatenate(period), np.concatenate(turn) % (np.pi / 3)


@pytest.mark.parametrize(("ratio", "count"), [(1.0, 1), (1.1, 1), (1.35, 2), (1.6, 2)])
def test_modules_differ_by_their_ratio(ratio, count):
    found = modules(*joined(units(60, 0.3, 25), units(60 * ratio, 0.3, 15)))
    assert len(found.size) == count
    assert list(np.bincount(found.of_unit[found.of_unit >= 0])) == list(found.size)
    if count == 2:
        assert list(found.of_unit) == [0] * 25 + [1] * 15
    assert found.period_cm[0] == pytest.approx(60, rel=0.01 if ratio != 1.1 else 0.1)
    if count == 2:
        assert found.period_cm[1] == pytest.approx(60 * ratio, rel=0.01)
        assert list(found.size) == [25, 15]


def test_one_period_at_two_orientations_is_one_module():
    found = modules(*joined(units(60, 0.1, 25), units(60, 0.6, 15)))
    assert list(found.size) == [25]


def test_orientations_go_round_at_sixty_degrees():
    found = modules(*joined(units(60, 0.0, 30), units(60, np.pi / 3, 30)))
    assert list(found.size) == [60]


def test_nine_units_are_no_module_and_ten_are():
    assert len(modules(*units(60, 0.3, 9)).size) == 0
    assert len(modules(*units(60, 0.3, 10)).size) == 1
    assert len(modules(np.array([]), np.array([])).size) == 0
    assert len(modules(*units(60, 0.3, 9), fewest=9).size) == 1


def test_units_without_lattice_and_the_order_of_units_change_nothing():
    period, turn = joined(units(60, 0.3, 25), units(90, 0.3, 15))
    found = modules(period, turn)
    more = np.r_[period, np.nan, 70.0], np.r_[turn, 0.2, np.nan]
    order = RANDOM.permutation(len(more[0]))
    again = modules(more[0][order], more[1][order])
    assert np.array_equal(found.period_cm, again.period_cm)
    assert np.array_equal(found.size, again.size)


def test_masked_units_have_no_lattice():
    # Values behind a mask are often a fill value: here the period of a second module.
    period, turn = joined(units(60, 0.3, 25), units(90, 0.3, 15))
    is_missing = np.arange(40) >= 25
    masked_period = np.ma.masked_array(period, is_missing)
    masked_turn = np.ma.masked_array(turn, is_missing)
    expected = modules(np.where(is_missing, np.nan, period), turn)
    assert len(expected.size) == 1
    for given in ((masked_period, turn), (period, masked_turn)):
        found = modules(*given)
        assert list(found.size) == [25]
        assert np.array_equal(found.of_unit, expected.of_unit)
    assert mean_orientation(masked_turn[:25]) == mean_orientation(turn[:25])
    assert np.isnan(mean_orientation(masked_turn))


def test_of_two_groups_of_one_size_the_smaller_period_counts_whatever_the_order():
    near = np.r_[np.full(12, 60.0), np.full(12, 62.0)]
    turn = np.r_[np.full(12, 0.1), np.full(12, 0.6)]
    for order in (slice(None), slice(None, None, -1)):
        found = modules(near[order], turn[order])
        assert (list(found.period_cm), list(found.size)) == ([60.0], [12])


def by_brute_force(period, turn, fewest, ratio):
    """Complete linkage from its definition: join the two clusters that stay closest together."""

    def apart(one, other):
        turned = [abs(one[1] - other[1] + k * np.pi / 3) for k in range(-3, 4)]
        return max(abs(np.log(one[0] / other[0])) / np.log(ratio), min(turned) / np.deg2rad(15))

    clusters = [[unit] for unit in zip(period, turn, strict=True)]
    while len(clusters) > 1:
        pairs = [
            (max(apart(a, b) for a in clusters[i] for b in clusters[j]), i, j)
            for j in range(len(clusters))
            for i in range(j)
        ]
        least, i, j = min(pairs)
        if least > 1:
            break
        clusters[i] += clusters.pop(j)
    large = [(-len(c), np.median([unit[0] for unit in c])) for c in clusters if len(c) >= fewest]
    kept = []
    for size, middle in sorted(large):
        if not any(max(middle / m, m / middle) < ratio for m, _ in kept):
            kept.append((middle, -size))
    return sorted(kept)


@pytest.mark.parametrize("seed", range(12))
def test_modules_are_those_of_brute_force(seed):
    random = np.random.default_rng(seed)
    middles = random.uniform(40, 100, 3)
    period = middles[random.integers(3, size=24)] * np.exp(0.06 * random.normal(size=24))
    turn = random.uniform(0, np.pi / 3, 2)[random.integers(2, size=24)] % (np.pi / 3)
    turn = (turn + 0.08 * random.normal(size=24)) % (np.pi / 3)
    found = modules(period, turn, fewest=4, ratio=1.25)
    expected = by_brute_force(period, turn, 4, 1.25)
    assert list(found.size) == [size for _, size in expected]
    assert found.period_cm == pytest.approx([middle for middle, _ in expected])
    turned = modules(period, (turn + 0.4) % (np.pi / 3), fewest=4, ratio=1.25)
    assert turned.period_cm == pytest.approx(found.period_cm)


def test_no_two_units_of_a_module_are_further_apart_than_its_definition():
    """Units spread evenly over an octave form no chain: every module is short."""
    period = np.geomspace(50, 100, 120)
    found = modules(period, np.full(120, 0.3))
    assert 1 < len(found.size) <= np.log(2) / np.log(1.2) + 1
    assert (np.diff(np.log(found.period_cm)) >= np.log(1.2)).all()
    assert found.size.max() <= 120 * np.log(1.2) / np.log(2) + 1


def test_noise_and_estimator_make_up_no_second_module_of_clean_lattices():
    assert false_module_share(np.array([60.0, 75.0]), 2.2, n_networks=4, n_units=24, noise=0.3) == 0
