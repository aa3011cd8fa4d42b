"""Figures of networks in a cube, and what a report leaves out for them."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from synthetic import quickstart_specs, synthetic_run

from gridjax.io.numbers import percent
from gridjax.report.figures import volumes
from gridjax.report.html import write_report
from gridjax.report.run_data import read_run_data
from gridjax.report.summary import VOLUME_SHARES, row_label, summary_rows, summary_tables
from gridjax.spec.network import NetworkSpec

CUBE = NetworkSpec(dimensions=3, Ng=8, Np=16, bin_side_in_m=2.2 / 12)
SPECS = [
    replace(CUBE, motion=motion, place_field_values=code, seed=seed)
    for motion, code in (
        ("walk", "gaussian"),
        ("planar_walk", "difference_of_gaussians"),
    )
    for seed in range(9)
]


def test_a_run_of_cubes_has_shares_and_maps_and_no_grid_scores(tmp_path):
    run = synthetic_run(SPECS, keep_maps="best:3", weights=False, diverged=[1])
    page = write_report(run, tmp_path).read_text()
    names = {path.stem for path in (tmp_path / "figures").glob("*.png")}
    assert names == {"volumes", "drift", "history"}
    data = read_run_data(run)
    lines = volumes.draw(data, run).table[1:]
    assert len(lines) == 4  # two of each group
    assert len({line[0] for line in lines}) == 4
    rows = run.units.set_index(["run_id", "unit"])
    for run_id, unit, kind, r, _, _ in lines:
        own = rows.loc[(run_id, int(unit))]
        assert kind == own["lattice"]
        symmetry = own.filter(like="symmetry_").max()
        assert float(r) == round(float(symmetry), 2) or abs(float(r) - symmetry) <= 0.0051
        kept = rows.loc[run_id].loc[[0, 1, 2]].filter(like="symmetry_").max(axis=1)
        assert np.isclose(symmetry, kept.max())
    assert "12 × 12 × 12 bins" in page
    assert "lattices of" not in page
    assert "no such null" not in page
    assert "gallery" not in page.partition("How to read")[2].partition("</ul>")[0]
    assert "Compare shares with those of random readouts" in page


def test_squares_and_cubes_have_rows_of_their_own():
    flat = replace(CUBE, dimensions=2, place_field_values="gaussian")
    run = synthetic_run([*SPECS[:2], flat], keep_maps="none", weights=False)
    rows = summary_rows(read_run_data(run))
    assert [row_label(row) for row in rows] == ["Gaussian", "Gaussian, cube"]
    errors = run.networks.groupby(["dimensions"])["pos_decoding_err"].median()
    for row, dimensions in zip(rows, (2, 3), strict=True):
        assert row["networks"] == (1 if dimensions == 2 else 2)
        assert row["pos_decoding_err"] == errors[dimensions]


def test_the_summaries_have_the_kinds_of_units_of_cubes(tmp_path):
    from rich.console import Console

    run = synthetic_run(SPECS, keep_maps="none", weights=False, diverged=[1])
    rows = summary_rows(read_run_data(run))
    networks = run.networks[run.networks.status == "finished"]
    for row in rows:
        own = networks[networks.place_field_values == row["code"]]
        for name in VOLUME_SHARES:
            assert row[name] == pytest.approx(own[name].mean())
            assert row[f"null_{name}"] == pytest.approx(own[f"null_{name}"].mean())
    (table,) = summary_tables(rows)
    console = Console(width=80)
    with console.capture() as capture:
        console.print(table)
    printed = capture.get()
    assert "…" not in printed
    assert "score60" not in printed
    page = write_report(run, tmp_path).read_text().partition('id="summary"')[2]
    summary = page.partition("How to read")[0]
    assert "any lattice" in summary
    assert "score60" not in summary
    gaussian = next(row for row in rows if row["code"] == "gaussian")
    for name in VOLUME_SHARES:
        assert percent(gaussian[name]) in summary
        assert percent(gaussian[name]) in printed
    flat = replace(CUBE, dimensions=2, place_field_values="gaussian")
    both = synthetic_run([*SPECS[:2], flat], keep_maps="none", weights=False)
    assert len(summary_tables(summary_rows(read_run_data(both)))) == 2


@pytest.mark.slow
def test_squares_and_cubes_share_a_report(tmp_path):
    run = synthetic_run([*quickstart_specs(range(1)), *SPECS[:2]], keep_maps="none", weights=False)
    write_report(run, tmp_path)
    names = {path.stem for path in (tmp_path / "figures").glob("*.png")}
    assert {"volumes", "survival", "errors", "periods", "drift"} <= names


def test_without_kept_maps_the_shares_are_drawn():
    run = synthetic_run(SPECS[:3], keep_maps="none", weights=False)
    result = volumes.draw(read_run_data(run), run)
    assert result.figure is not None
    assert len(result.table) == 1


def test_the_caption_names_groups_that_are_not_drawn():
    motions = ("walk", "flattened_walk", "planar_walk")
    codes = ("gaussian", "difference_of_gaussians")
    many = [
        replace(CUBE, motion=motion, activation=activation, place_field_values=code)
        for motion, activation, code in product(motions, ("relu", "tanh"), codes)
    ]
    run = synthetic_run(many, keep_maps="none", weights=False)
    result = volumes.draw(read_run_data(run), run)
    assert "(8 networks in all)" in result.caption
    omitted = result.caption.partition("Not drawn: ")[2].partition(".")[0].split("; ")
    assert len(omitted) == 4
    assert not any(name in result.alt for name in omitted)
    few = synthetic_run(many[:1], keep_maps="none", weights=False)
    assert "Not drawn" not in volumes.draw(read_run_data(few), few).caption
