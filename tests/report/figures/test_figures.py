import dataclasses
import itertools
import math
import sys

import numpy as np
import pytest
from synthetic import N_READOUTS, quickstart_specs, synthetic_run

from gridjax import plotting
from gridjax.metrics.statistics.intervals import mean_interval
from gridjax.report import figures
from gridjax.report.figures import (
    baselines,
    drift,
    lattice_periods,
    position_errors,
    rate_map_gallery,
    robustness,
    score_survival,
    target_codes,
    training_history,
)
from gridjax.report.figures.unit_selection import PER_ROW, choose
from gridjax.report.run_data import CODES, read_run_data

MEASURED = {"gallery", "survival", "errors", "drift", "robustness", "periods"}
DOS = quickstart_specs([0])[3]
OTHER_BOX = {"box_width_in_m": 1.4, "box_height_in_m": 1.4}


@pytest.fixture(scope="module")
def run():
    return synthetic_run(quickstart_specs(), diverged=[3], missing=[6])


@pytest.fixture(scope="module")
def data(run):
    return read_run_data(run)


def drawn_by(data, run) -> dict[str, plotting.FigureResult]:
    with plotting.styled():
        every = (
            rate_map_gallery.draw(data, run),
            score_survival.draw(data),
            position_errors.draw(data),
            drift.draw(data),
            robustness.draw(data, run),
            lattice_periods.draw(data),
            target_codes.draw(data, run),
            training_history.draw(data),
        )
    return {drawn.name: drawn for drawn in every}


@pytest.fixture(scope="module")
def drawn(data, run):
    return drawn_by(data, run)


def drawn_texts(figure, monkeypatch):
    """Every text that is drawn, tick labels too, with its box in pixels."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    found = []
    draw = Text.draw

    def record(text, renderer):
        draw(text, renderer)
        if text.get_visible() and text.get_text().strip():
            found.append((text, text.get_window_extent(renderer)))

    with plotting.styled(), monkeypatch.context() as patch:
        canvas = FigureCanvasAgg(figure)
        figure.draw_without_rendering()  # lays it out
        patch.setattr(Text, "draw", record)
        canvas.draw()
    return found


@pytest.mark.parametrize(
    "name",
    ["gallery", "survival", "errors", "drift", "robustness", "periods", "targets", "history"],
)
def test_no_text_overlaps_another_or_leaves_the_figure(drawn, name, monkeypatch):
    figure = drawn[name].figure
    shown = drawn_texts(figure, monkeypatch)
    assert len(shown) > 10
    for (one, box), (other, its) in itertools.combinations(shown, 2):
        # Boxes hold the room of ascenders and descenders that a text need not have.
        touching = box.shrunk(0.98, 0.8).overlaps(its.shrunk(0.98, 0.8))
        assert not touching, f"{one.get_text()!r} overlaps {other.get_text()!r}"
    for text, box in shown:
        assert figure.bbox.x0 - 1 <= box.x0, text.get_text()
        assert box.x1 <= figure.bbox.x1 + 1, text.get_text()
        assert text.get_fontsize() >= 6


def test_captions_say_what_and_how_many(drawn):
    for name in ("survival", "errors", "periods"):
        assert "random readouts" in drawn[name].caption
    assert "Gaussian: 5 networks, 120 units" in drawn["survival"].caption
    assert f"{5 * N_READOUTS:,} readouts" in drawn["survival"].caption
    assert all(one.alt for one in drawn.values())
    assert "1 network diverged" in drawn["history"].caption


def test_survival_counts_what_is_above():
    random = np.random.default_rng(0)
    scores = random.choice([-0.2, 0.0, 0.3, 0.8, 1.5], 200)
    thresholds = np.array([-1, 0.0, 0.3, 0.31, 0.8, 2])
    slow = [sum(score > threshold for score in scores) / 200 for threshold in thresholds]
    np.testing.assert_allclose(score_survival.survival(scores, thresholds), slow)


def test_the_survival_band_is_the_interval_over_seeds():
    lines = np.random.default_rng(0).beta(1, 4, (20, 3))
    seeds = np.repeat(np.arange(10), 2)
    low, high = score_survival.seed_band(lines, seeds)
    for column, values in enumerate(lines.T):
        interval = mean_interval(values, seeds, within=(0, 1))
        assert low[column] == pytest.approx(max(interval.low, values.min()))
        assert high[column] == pytest.approx(min(interval.high, values.max()))
    assert np.isnan(score_survival.seed_band(lines[:14], seeds[:14])).all()


def test_the_survival_figure_says_which_codes_have_too_few_seeds_for_a_band():
    many = [spec for spec in quickstart_specs(range(8)) if spec.place_cell_rf == 0.2]
    specs = [*many, quickstart_specs([0])[0]]
    figure = score_survival.draw(
        read_run_data(synthetic_run(specs, keep_maps="none", weights=False))
    )
    assert "from resampling seeds (bootstrap-t)" in figure.caption
    assert "Cartesian has fewer than 8 seeds" in figure.caption
    bands = figure.figure.axes[0].collections
    extents = [band.get_paths()[0].vertices for band in bands if band.get_paths()]
    assert sum(len(vertices) > 0 for vertices in extents) == 2  # Gaussian and DoS


def test_a_run_of_few_seeds_has_no_band_and_says_so(drawn):
    assert "No interval is drawn" in drawn["survival"].caption
    assert "fewer than 8 seeds" in drawn["survival"].caption


def test_the_null_of_the_survival_figure_is_the_networks_own(data, drawn):
    """The dashed line is the median over layouts of the share of readouts above."""
    panel = drawn["survival"].figure.axes[2]
    (line,) = [one for one in panel.lines if one.get_label() == "random readouts, median"]
    thresholds, shares = line.get_data()
    at = int(np.abs(thresholds - 0.3).argmin())
    nulls = data.nulls_of(data.of("gaussian"))
    expected = np.median([(null > thresholds[at]).mean() for null in nulls])
    assert panel.get_title(loc="left") == "Gaussian"
    assert shares[at] == pytest.approx(expected)


def test_maps_are_drawn_with_x_to_the_right_and_y_up(data, run, drawn):
    record = data.of("cartesian")[0]
    maps = {one.tobytes(): one for one in run.rate_maps(record.run_id).to_numpy()}
    seen = 0
    for image in drawn["gallery"].figure.axes[0].images:
        shown = image.get_array()
        original = maps.get(np.ascontiguousarray(shown.data.T).tobytes())
        if original is None:
            continue
        seen += 1
        left, right, bottom, top = image.get_extent()
        assert left < right
        assert bottom < top
        assert image.origin == "lower"
        assert shown.mask[1, 0]  # row y = 1, column x = 0: the bin that nobody visited
        assert shown.mask.sum() == 1
    assert seen > 0


def test_unvisited_bins_have_a_colour_of_their_own():
    from matplotlib import colormaps
    from matplotlib.colors import to_rgb

    ramp = colormaps[plotting.COLOUR_MAP](np.linspace(0, 1, 256))[:, :3]
    assert np.abs(ramp - to_rgb(plotting.UNVISITED)).max(axis=1).min() > 0.2


def test_gallery_rows_are_the_best_the_median_and_random_units(data, run):
    records = data.of("difference_of_gaussians")
    best, median, random = choose(records, run.rate_maps, "all")
    scores = np.sort(np.concatenate([record.score for record in records]))
    assert [row.name for row in (best, median, random)] == ["best", "median", "random"]
    assert best.units[0].score == scores[-1]
    per_network = [unit.record.run_id for unit in best.units]
    assert max(map(per_network.count, per_network)) <= 2
    active = np.concatenate([record.score[record.is_active] for record in records])
    assert len(active) < len(scores)
    middle = np.sort(np.abs(active - np.median(active)))[PER_ROW - 1]
    assert all(abs(unit.score - np.median(active)) <= middle for unit in median.units)
    for row in (best, median, random):
        shown = [unit.score for unit in row.units]
        assert len(shown) == PER_ROW
        assert shown == sorted(shown, reverse=True)


def test_gallery_says_when_typical_units_were_not_kept():
    specs = quickstart_specs([0])
    run = synthetic_run(specs, keep_maps="best:4")
    data = read_run_data(run)
    rows = choose(data.of("gaussian"), run.rate_maps, "best:4")
    assert [row.name for row in rows] == ["best", "median of kept", "random of kept"]
    for row in rows:
        for unit in row.units:
            own = np.sort(unit.record.score)
            assert unit.score >= own[-4]
    assert "best:4" in rate_map_gallery.draw(data, run).caption


@pytest.mark.parametrize("side_m", [0.3, 1.0, 2.2, 40.0])
def test_the_scale_bar_is_round_and_at_most_half_the_box(side_m):
    length = rate_map_gallery.scale_bar(side_m)
    assert side_m / 5 <= length <= side_m / 2
    assert f"{length:.0e}"[0] in "125"


def test_chance_errors():
    specs = [dataclasses.replace(quickstart_specs([0])[0], seed=seed) for seed in (0, 1)]
    records = read_run_data(synthetic_run(specs)).records
    chance = baselines.chance_errors(records, 1)
    assert chance is not None
    # Mean distance from the centre of a square of side 1: (sqrt 2 + asinh 1) / 6; 4 % for 2,000
    # independent paths of one move each, and some paths' ends outside the box.
    square = (math.sqrt(2) + math.asinh(1)) / 6
    assert chance.centre_cm == pytest.approx(220 * square, rel=0.04)
    # Mean of a Rayleigh variable: scale sqrt(pi / 2); a little less where walls slow it down.
    free = 100 * specs[0].speed_scale * specs[0].dt_s * math.sqrt(math.pi / 2)
    assert 0.93 * free < chance.start_cm < 1.03 * free
    other = dataclasses.replace(specs[0], **OTHER_BOX)
    assert baselines.chance_errors(read_run_data(synthetic_run([*specs, other])).records, 1) is None


def test_periods_are_those_of_units_above_their_own_null(data, drawn):
    panel = drawn["periods"].figure.axes[1]
    (dots,) = [one for one in panel.collections if one.get_label() == "one unit above its null"]
    expected = [
        period
        for record in data.of("difference_of_gaussians")
        for score, period in zip(record.score, record.period_cm, strict=True)
        if score > record.row["null_99"] and np.isfinite(period)
    ]
    np.testing.assert_allclose(np.sort(dots.get_offsets()[:, 1]), np.sort(expected))


def test_a_diverged_network_ends_at_a_cross(data, drawn):
    (record,) = [record for record in data.records if record.diverged]
    crosses = [
        line
        for line in drawn["history"].figure.axes[-1].lines
        if line.get_marker() == "x" and len(line.get_xdata())
    ]
    assert [line.get_xdata()[0] for line in crosses] == [record.history["step"][-1]]


def test_every_code_has_a_colour_and_a_marker_of_its_own():
    colours, markers = (set(map(of, CODES)) for of in (plotting.colour, plotting.marker))
    assert len(colours) == len(markers) == len(CODES)


@pytest.mark.parametrize(
    ("specs", "options", "missing_figures"),
    [
        (quickstart_specs([0])[:1], {}, {"periods"}),
        (quickstart_specs([0])[1:2], {"keep_maps": "none", "weights": False}, {"gallery"}),
        (
            quickstart_specs([0])[2:3],
            {"diverged": [0]},
            MEASURED,
        ),
        (
            quickstart_specs([0])[:2],
            {"missing": [0, 1]},
            {*MEASURED, "targets", "history"},
        ),
        ([DOS, dataclasses.replace(DOS, **OTHER_BOX)], {}, set()),
    ],
    ids=["no place code", "nothing kept", "all diverged", "nothing there", "two boxes"],
)
def test_runs_that_lack_something(specs, options, missing_figures):
    """Figures that cannot be drawn say why; all others are drawn."""
    run = synthetic_run(specs, **options)
    drawn = drawn_by(read_run_data(run), run)
    assert {name for name, one in drawn.items() if one.figure is None} == missing_figures
    assert all(one.caption.endswith((".", ").")) for one in drawn.values())


@pytest.mark.slow
def test_drawing_leaves_matplotlib_as_it_was(tmp_path):
    import matplotlib

    run = synthetic_run(quickstart_specs([0])[:1], diverged=[0])  # few figures, soon drawn
    before, had_pyplot = dict(matplotlib.rcParams), "matplotlib.pyplot" in sys.modules
    stale = tmp_path / "periods.png"
    stale.write_bytes(b"of an earlier report")
    written = figures.write_figures(read_run_data(run), run, tmp_path)
    assert dict(matplotlib.rcParams) == before
    assert ("matplotlib.pyplot" in sys.modules) == had_pyplot
    assert not stale.exists()
    for one in written:
        if one.files is not None:
            assert one.files.png.read_bytes().startswith(b"\x89PNG")
            assert b"<svg" in one.files.svg.read_bytes()
