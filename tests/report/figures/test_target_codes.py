"""Figures and reports of every target code: gridjax's own, and those that users registered."""

import dataclasses

import numpy as np
import pytest
from synthetic import quickstart_specs, synthetic_run

from gridjax import plotting
from gridjax.report.figures import (
    drift,
    position_errors,
    score_survival,
    target_codes,
    training_history,
)
from gridjax.report.html import write_report
from gridjax.report.run_data import CODES, label, read_run_data
from gridjax.spec.fields.distributions import Uniform
from gridjax.spec.place_maps import PlaceMaps
from gridjax.spec.records.target_code_info import TARGET_CODES

from .test_figures import drawn_texts

DOS = quickstart_specs([0])[3]
MAPS = PlaceMaps.of(np.random.default_rng(0).random((32, 6, 6)))
OTHERS = ("border_cells", "zebra")
"""As in a run that was trained with a plugin that is not at hand."""


def spec_of(code):
    if code in ("cartesian", "polar"):
        return dataclasses.replace(DOS, place_field_values=code, place_field_loss="mse", Np=2)
    maps = MAPS if code == "from_file" else None
    return dataclasses.replace(DOS, place_field_values=code, place_maps=maps)


@pytest.fixture(scope="module")
def data():
    specs = [spec_of(code) for code in (*reversed(OTHERS), *reversed(CODES))]
    return read_run_data(synthetic_run(specs, keep_maps="none", weights=False))


def test_codes_stand_in_a_fixed_order_and_none_is_dropped(data):
    assert data.codes == [*CODES, *OTHERS]
    assert [label(code) for code in CODES] == [info.label for info in TARGET_CODES]
    assert "" not in map(label, CODES)
    assert label("zebra") == "zebra"


def test_the_codes_of_users_have_colours_and_markers_that_no_other_has():
    for info in TARGET_CODES:
        assert plotting.colour(info.name) == info.colour
        assert plotting.marker(info.name) == info.marker
    names = [f"code_{n}" for n in range(300)]
    spare = {plotting.colour(name) for name in names}
    assert len(spare) == 5
    assert spare.isdisjoint(info.colour for info in TARGET_CODES)
    marks = {plotting.marker(name) for name in names}
    assert len(marks) == 4
    assert marks.isdisjoint(info.marker for info in TARGET_CODES)
    assert len({(plotting.colour(name), plotting.marker(name)) for name in names}) == 20


@pytest.mark.slow
@pytest.mark.parametrize("figure", [drift, position_errors, training_history, score_survival])
def test_every_code_is_drawn_and_no_text_leaves_the_figure(data, figure, monkeypatch):
    with plotting.styled():
        drawn = figure.draw(data)
    shown = drawn_texts(drawn.figure, monkeypatch)
    names = " ".join(text.get_text() for text, _ in shown)
    assert all(label(code) in names for code in data.codes)
    for text, box in shown:
        assert drawn.figure.bbox.x0 - 1 <= box.x0, text.get_text()
        assert box.x1 <= drawn.figure.bbox.x1 + 1, text.get_text()


def test_targets_that_are_not_at_hand_are_said_to_be_missing():
    """A run holds the name of measured cells, but their maps with its weights alone."""
    specs = [spec_of("zebra"), spec_of("from_file"), spec_of("cartesian")]
    run = synthetic_run(specs, keep_maps="none", weights=False)
    drawn = target_codes.draw(read_run_data(run), run)
    assert "are not loaded: Measured cells and zebra." in drawn.caption
    assert len(drawn.figure.axes) == 4  # of one row: three panels and a colour bar
    nothing = synthetic_run(specs[:2], keep_maps="none", weights=False)
    drawn = target_codes.draw(read_run_data(nothing), nothing)
    assert drawn.figure is None
    assert "Not drawn" in drawn.caption
    kept = synthetic_run(specs[1:2], keep_maps="none")
    drawn = target_codes.draw(read_run_data(kept), kept)
    assert "Not drawn" not in drawn.caption
    assert len(drawn.figure.axes) == 4


@pytest.mark.slow
def test_a_page_of_numbers_beside_laws_and_codes_of_users(tmp_path):
    """Parameters that are a number here and a law there are listed all the same."""
    drawn_widths = dataclasses.replace(DOS, place_cell_rf=Uniform(0.1, 0.3))
    run = synthetic_run(
        [drawn_widths, DOS, spec_of("from_file"), spec_of("zebra")],
        keep_maps="none",
        weights=False,
        diverged=[0, 1, 2, 3],  # few figures, soon drawn
    )
    page = write_report(run, tmp_path).read_text()
    assert f"0.2, {Uniform(0.1, 0.3)}" in page
    assert plotting.colour("zebra") in page
