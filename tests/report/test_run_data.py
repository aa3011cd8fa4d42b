import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from synthetic import quickstart_specs, synthetic_run

from gridjax.io.numbers import percent
from gridjax.metrics.statistics.intervals import mean_interval
from gridjax.report.run_data import read_run_data
from gridjax.report.summary import summary_rows, summary_tables
from gridjax.spec.network import NetworkSpec

WIDE = dataclasses.replace(quickstart_specs([7])[4], box_width_in_m=1.4, box_height_in_m=1.4)


@pytest.fixture(scope="module")
def run():
    return synthetic_run([*quickstart_specs(), WIDE], diverged=[3], missing=[6])


def test_every_network_is_taken_at_its_own_reported_bins(run):
    data = read_run_data(run)
    units, nulls = run.units, run.nulls
    assert {record.spec.n_bins_reported for record in data.records} == {44, 28}
    for record in data.finished:
        own = units[(units.run_id == record.run_id)]
        own = own[own.nbins == record.spec.n_bins_reported]
        np.testing.assert_array_equal(record.unit, own.unit)
        np.testing.assert_array_equal(record.score, own.score_60_by_neuron)
        np.testing.assert_array_equal(record.period_cm, own.period_cm)
        own = nulls[nulls.null_id == record.row["null_id"]]
        own = own[own.nbins == record.spec.n_bins_reported]
        np.testing.assert_array_equal(data.nulls[record.row["null_id"]], own.score_60)


def test_missing_and_diverged_networks(run):
    data = read_run_data(run)
    assert len(data.records) == 15
    assert len(data.finished) == 14
    (diverged,) = [record for record in data.records if record.diverged]
    assert len(diverged.score) == 0
    assert len(diverged.history["step"]) == 7
    assert data.codes == ["cartesian", "gaussian", "difference_of_gaussians"]


def test_summary_agrees_with_pandas(run):
    """Against the same numbers by groupby."""
    networks = run.networks[run.networks.status == "finished"]
    summary = pd.DataFrame(summary_rows(read_run_data(run)))
    widths = networks.place_cell_rf.where(networks.place_field_values != "cartesian", -1)
    groups = networks.groupby([networks.place_field_values, widths])
    assert len(summary) == len(groups)
    for (code, width), group in groups:
        same_width = np.isclose(summary.width_cm.fillna(-100), 100 * width)
        (row,) = summary[(summary.code == code) & same_width].to_dict("records")
        assert row["networks"] - row["diverged"] == len(group)
        for name in ("pos_decoding_err", "score_60_by_neuron_max"):
            assert row[name] == pytest.approx(group[name].median())
            assert row[f"{name}_max"] == pytest.approx(group[name].max())
        assert row["share_above_0.8"] == pytest.approx(group["share_above_0.8"].mean())
        assert row["share_above_null_99"] == pytest.approx(
            group["share_above_null_99"].mean(), nan_ok=True
        )


def test_null_shares_are_means_over_layouts(run):
    rows = [row for row in summary_rows(read_run_data(run)) if row["code"] == "gaussian"]
    nulls = run.nulls[run.nulls.nbins == 44].merge(run.networks[["null_id", "place_cell_rf"]])
    for row, width in zip(rows, (0.2, 0.24), strict=True):
        layouts = set(
            run.networks[
                (run.networks.place_field_values == "gaussian")
                & (run.networks.place_cell_rf == width)
            ].null_id
        )
        chosen = nulls[nulls.null_id.isin(layouts)]
        assert row["null_share_above_0.3"] == pytest.approx((chosen.score_60 > 0.3).mean())
        assert row["layouts"] == len(layouts - {""})


def test_codes_without_cells_have_a_null_and_no_width(run):
    row = summary_rows(read_run_data(run))[0]
    assert row["code"] == "cartesian"
    assert 0 < row["null_share_above_0.3"] < 1
    assert math.isnan(row["width_cm"])


def test_terminal_table_fits_eighty_columns(run):
    from rich.console import Console

    console = Console(width=80, record=True, file=None, quiet=False)
    with console.capture() as capture:
        console.print(*summary_tables(summary_rows(read_run_data(run))))
    printed = capture.get()
    assert "…" not in printed
    assert "Gaussian" in printed
    assert "24" in printed


def test_shares_have_the_bootstrap_t_interval_over_seeds():
    rows = summary_rows(read_run_data(synthetic_run(quickstart_specs(range(9)), diverged=[3])))
    by_group = {(row["code"], row["width_cm"]): row for row in rows if row["code"] != "cartesian"}
    run = synthetic_run(quickstart_specs(range(9)), diverged=[3])
    networks = run.networks[run.networks.status == "finished"]
    for (code, width), group in networks.groupby(["place_field_values", "place_cell_rf"]):
        if code == "cartesian":
            continue
        row = by_group[code, 100 * width]
        assert row["seeds"] == group["seed"].nunique() >= 8
        for name in ("share_above_0.3", "share_above_null_99"):
            expected = mean_interval(group[name], group["seed"], within=(0, 1))
            found = (row[name], row[f"{name}_low"], row[f"{name}_high"])
            if expected.low < expected.high:
                assert found == pytest.approx(expected)
            else:  # equal networks
                assert row[name] == pytest.approx(expected.value)
                assert np.isnan(found[1:]).all()


def test_fewer_than_eight_seeds_have_shares_without_interval():
    for n_seeds, has_interval in ((7, False), (8, True)):
        run = synthetic_run(quickstart_specs(range(n_seeds)), keep_maps="none", weights=False)
        (row, *_) = (one for one in summary_rows(read_run_data(run)) if one["code"] == "gaussian")
        assert row["seeds"] == n_seeds
        assert 0 < row["share_above_0.3"] < 1
        assert math.isfinite(row["share_above_0.3_low"]) == has_interval
        assert math.isfinite(row["share_above_0.3_high"]) == has_interval


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0 %"), (0.0001, "<0.1 %"), (0.012, "1.2 %"), (0.5, "50 %"), (float("nan"), "–")],
)
def test_shares_are_written_with_two_digits(share, text):
    assert percent(share) == text


def test_a_run_without_results():
    run = synthetic_run([NetworkSpec()], missing=[0])
    assert read_run_data(run).records == []
    assert summary_rows(read_run_data(run)) == []
