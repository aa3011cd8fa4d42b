"""Figures of runs with long names of networks, huge errors and lines of different networks."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from synthetic import quickstart_specs, synthetic_run

from gridjax import plotting
from gridjax.report.figures import (
    baselines,
    drift,
    position_errors,
    rate_map_gallery,
    target_codes,
    training_history,
)
from gridjax.report.run_data import read_run_data

from .test_figures import drawn_texts

CARTESIAN, GAUSSIAN, _, DOS, _ = quickstart_specs([0])


def test_names_of_networks_with_long_seeds_do_not_overlap(monkeypatch):
    specs = [replace(DOS, seed=seed, place_cell_rf=0.125) for seed in (508671, 1_987_654_321)]
    run = synthetic_run(specs, weights=False)
    with plotting.styled():
        drawn = rate_map_gallery.draw(read_run_data(run), run)
    shown = drawn_texts(drawn.figure, monkeypatch)
    assert any("seed 1987654321" in text.get_text() for text, _ in shown)
    for (one, box), (other, its) in itertools.combinations(shown, 2):
        touching = box.shrunk(0.98, 0.8).overlaps(its.shrunk(0.98, 0.8))
        assert not touching, f"{one.get_text()!r} overlaps {other.get_text()!r}"


def test_one_huge_position_error_does_not_hide_the_others():
    """Outputs of Cartesian networks can leave the box: one of R1 has an error of 3e9 m."""
    data = read_run_data(synthetic_run([CARTESIAN, GAUSSIAN, DOS], weights=False))
    first, *others = data.records
    beyond = replace(
        first,
        row=first.row | {"pos_decoding_err": 1e11, "pos_decoding_err_T50": 1e12},
        drift=first.drift | {"pos_decoding_err": np.full(len(first.drift["move"]), 1e20)},
        history=first.history | {"pos_decoding_err": np.full(len(first.history["step"]), 1e9)},
    )
    changed = replace(data, records=[beyond, *others])
    with plotting.styled():
        every = [each.draw(changed) for each in (position_errors, drift, training_history)]
    drawn = {one.name: one for one in every}
    largest_cm = 100 * baselines.MOST_SIDES * first.spec.box_width_in_m
    assert drawn["errors"].figure.axes[0].get_xlim()[1] <= 1.5 * largest_cm
    assert "Errors above 22 m are drawn there, at the right edge" in drawn["errors"].caption
    points = [line.get_offsets() for line in drawn["errors"].figure.axes[0].collections]
    assert max(each[:, 0].max() for each in points) == pytest.approx(largest_cm)
    assert drawn["drift"].figure.axes[0].get_ylim()[1] <= largest_cm
    assert "1 network leaves the panel above 22 m" in drawn["drift"].caption
    assert drawn["history"].figure.axes[-1].get_ylim()[1] <= largest_cm
    assert "errors above 22 m are outside of the panel" in drawn["history"].caption


def test_diverged_networks_are_counted_in_a_sentence():
    run = synthetic_run(quickstart_specs([0]), keep_maps="none", weights=False, diverged=[1, 3])
    with plotting.styled():
        caption = training_history.draw(read_run_data(run)).caption
    assert "2 networks diverged: their lines end with a cross" in caption


def test_lines_of_different_networks_name_each_layout_and_surround():
    """The lines of a code are networks of different widths; R1 draws all else at random."""
    narrow = replace(GAUSSIAN, seed=3)
    wide = replace(GAUSSIAN, seed=4, place_cell_rf=0.3)
    run = synthetic_run([narrow, wide, DOS, replace(DOS, place_cell_rf=0.3, surround_scale=1.5)])
    with plotting.styled():
        caption = target_codes.draw(read_run_data(run), run).caption
    assert "Gaussian σ 20 cm: 32 cells, seed 3, σ 30 cm: 32 cells, seed 4" in caption
    assert "DoS σ 20 cm: 32 cells, seed 0, s 2, σ 30 cm: 32 cells, seed 0, s 1.5" in caption
    same = synthetic_run([DOS, replace(DOS, place_cell_rf=0.3)])
    with plotting.styled():
        caption = target_codes.draw(read_run_data(same), same).caption
    assert "One layout of each code: DoS 32 cells, seed 0." in caption
