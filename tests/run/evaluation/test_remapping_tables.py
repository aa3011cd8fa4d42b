"""Tables of environments of made-up units: grids whose phases shift, place cells that remap."""

from dataclasses import replace

import numpy as np
import pytest

from gridjax.metrics.remapping.unit_kinds import partners, unit_kinds
from gridjax.run.evaluation.remapping import remapping_tables
from gridjax.run.evaluation.remapping.environment_measures import _compare
from gridjax.run.evaluation.remapping.remapping_tables import (
    MEASURES,
    UNIT_MEASURES,
    InEnvironment,
    Remapping,
    environment_tables,
)
from gridjax.spec.network import NetworkSpec
from gridjax.training.position_metrics import PositionMetrics

N, WIDTH_CM, PERIOD_CM, TURN, SHIFT_CM = 20, 220.0, 60.0, 0.2, np.array([22.0, -11.0])
N_GRID, N_PLACE = 20, 14
SPEC = NetworkSpec(sequence_length=3, n_environments=2, bin_side_in_m=0.11)
X = (np.arange(N) + 0.5) / N * WIDTH_CM - WIDTH_CM / 2
PLACES = np.stack(np.meshgrid(X, X, indexing="ij"), axis=-1)


def lattice_maps(phases, turn=TURN, period=PERIOD_CM):
    angles = turn + np.pi / 6 + np.arange(3) * np.pi / 3
    waves = 4 * np.pi / (np.sqrt(3) * period) * np.stack([np.cos(angles), np.sin(angles)])
    return np.cos((PLACES[None] - phases[:, None, None]) @ waves).sum(axis=-1) + 1.5


def place_maps(centres):
    return np.exp(-((PLACES[None] - centres[:, None, None]) ** 2).sum(axis=-1) / (2 * 18**2))


def measures(phases, turn, period, error_cm):
    """What is known of the units in one environment: grids, place cells and a silent unit."""
    known = np.arange(N_GRID + N_PLACE + 1) < N_GRID
    phase = np.full((len(known), 2), np.nan)
    phase[:N_GRID] = phases
    by_time = PositionMetrics(
        np.array([1.0, 2.0, 3.0, 99.0]),
        np.zeros(4),
        np.array([1.0, 1.0, 1.0, 9.0]) * error_cm / 100,
    )
    is_active = np.arange(len(known)) < len(known) - 1
    lattice = (np.where(known, value, np.nan) for value in (period, turn))
    score = np.where(known, 1.1, 0.35)
    return InEnvironment.of(by_time, is_active, ~known, 0.4, score, *lattice, *phase.T)


def tables(turned=0.0):
    random = np.random.default_rng(3)
    axes = PERIOD_CM * np.array([[np.cos(TURN + a), np.sin(TURN + a)] for a in (0, np.pi / 3)])
    phases = random.random((N_GRID, 2)) @ axes
    centres = random.uniform(-80, 80, (2, N_PLACE, 2))
    # constant but for rounding, as units that saturate
    silent = 1 + 1e-7 * random.integers(0, 3, (1, N, N))
    first = np.concatenate([lattice_maps(phases), place_maps(centres[0]), silent])
    moved = lattice_maps(phases + SHIFT_CM, TURN + turned)
    second = np.concatenate([moved, place_maps(centres[1]), silent])
    before = measures(phases, TURN, PERIOD_CM, 5.0)
    after = measures(phases + SHIFT_CM, TURN + turned, PERIOD_CM * 1.02, 7.0)
    kinds = unit_kinds(
        np.stack([before.is_grid, after.is_grid]),
        np.stack([before.is_active, after.is_active]),
        before.is_compact,
    )
    others = partners(kinds)
    maps = first[None].astype(np.float32), second[None].astype(np.float32)
    own, shuffled = (
        type(each)(*(np.asarray(leaf)[0] for leaf in each))
        for each in _compare(1, *maps, others[None])
    )
    remapping = Remapping(kinds, own, shuffled, (others < 0).all(axis=0))
    return environment_tables(SPEC, N, [(before, None), (after, remapping)])


@pytest.fixture(scope="module")
def found():
    return tables()


def test_a_row_for_each_environment_and_each_unit(found):
    environments, units = found
    assert list(environments) == ["environment", *MEASURES]
    assert list(units) == ["environment", "unit", "kind", *UNIT_MEASURES]
    assert environments["environment"].tolist() == [0, 1]
    np.testing.assert_allclose(environments["loss"], 2)  # of the trained length alone
    np.testing.assert_allclose(environments["pos_decoding_err"], [5, 7])
    np.testing.assert_allclose(environments["share_grid_like"], N_GRID / 35)
    np.testing.assert_allclose(environments["share_active"], 34 / 35)
    assert np.isnan([environments[name][0] for name in MEASURES[4:]]).all()
    assert units["kind"].tolist() == ["grid"] * N_GRID + ["place"] * N_PLACE + ["silent"]
    assert (units["environment"] == 1).all()
    for name in UNIT_MEASURES[5:]:
        assert np.isnan(units[name][-1]), name
    assert units["score_60_by_neuron"][-1] == 0


def test_grids_keep_their_lattice_and_shift_together(found):
    environments, units = found
    row = {name: column[1] for name, column in environments.items()}
    grid = units["kind"] == "grid"
    assert row["grid_n"] == N_GRID
    assert row["grid_period_ratio"] == pytest.approx(1.02)
    assert row["grid_turn_deg"] == pytest.approx(0, abs=1e-6)
    assert row["grid_shifted"] > 0.99
    assert row["grid_correlation"] < 0.5
    assert row["grid_phase_coherence"] == pytest.approx(1, abs=1e-6)
    assert row["grid_phase_coherence_null"] < 0.5
    # the lattices of other units of the module fit too, to half a bin
    assert 0.8 < row["grid_shifted_null"] <= row["grid_shifted"]
    shifts = np.stack([units["shift_x_cm"], units["shift_y_cm"]])[:, grid]
    # shifts that differ by a vector of the lattice are the same
    (expected,), ours = lattice_maps(SHIFT_CM[None]), lattice_maps(shifts.T)
    assert min(np.corrcoef(expected.ravel(), one.ravel())[0, 1] for one in ours) > 0.9


def test_lattices_that_are_kept_are_nearer_than_those_of_other_units():
    """Periods and orientations that differ between units; the median ratio cannot tell them."""
    random = np.random.default_rng(5)
    known = np.arange(35) < N_GRID
    period = np.where(known, random.uniform(50, 100, 35), np.nan)
    turn = np.where(known, random.uniform(0, np.pi / 3, 35), np.nan)
    kinds = np.where(known, "grid", "place")
    shuffled = np.r_[np.roll(np.arange(N_GRID), 7), N_GRID:35]

    def changes(period, turn):
        after = replace(before, period_cm=period, orientation_rad=turn)
        return remapping_tables._changes_of_lattices(before, after, kinds)

    before = replace(measures(np.zeros((N_GRID, 2)), 0.0, 1.0, 5.0), period_cm=period)
    before = replace(before, orientation_rad=turn)
    kept, lost = changes(1.02 * period, turn), changes(period[shuffled], turn[shuffled])
    assert kept["grid_period_change"] == pytest.approx(1.02)
    for found in (kept, lost):
        assert 1.1 < found["grid_period_change_null"] < 1.5
        assert 8 < found["grid_turn_deg_null"] < 22
    assert 1.1 < lost["grid_period_change"] < 1.5
    assert np.median((period[shuffled] / period)[known]) == pytest.approx(1, abs=0.15)


def test_place_cells_remap_like_shuffled_units(found):
    row = {name: column[1] for name, column in found[0].items()}
    assert row["place_n"] == N_PLACE
    assert abs(row["place_correlation"] - row["place_correlation_null"]) < 0.15
    assert row["place_correlation"] < 0.2


def test_a_turn_of_the_lattice_is_found():
    row = {name: column[1] for name, column in tables(turned=0.3)[0].items()}
    assert row["grid_turn_deg"] == pytest.approx(np.degrees(0.3))
    assert row["grid_shifted"] < 0.9
