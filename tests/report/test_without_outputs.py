"""Reports of networks without outputs: their own nulls, a readout, and their objective."""

import re

import numpy as np
import pytest
from synthetic import quickstart_specs, synthetic_run

from gridjax.report.figures import write_figures
from gridjax.report.html import write_report
from gridjax.report.run_data import read_run_data
from gridjax.report.summary import summary_rows, summary_tables
from gridjax.spec.network import NetworkSpec

WITHOUT = {"state_objective": "distances", "place_loss_weight": 0.0, "Ng": 24, "n_epochs": 1}


def specs_without(seeds):
    steps = {"n_grad_steps_per_epoch": 500}
    return [NetworkSpec(**WITHOUT, **steps, seed=seed) for seed in seeds]


@pytest.fixture(scope="module")
def run():
    return synthetic_run(specs_without(range(3)))


def page_of(run, folder):
    write_report(run, folder)
    text = (folder / "report.html").read_text()
    return " ".join(re.sub("<[^>]*>", " ", text.split("</style>")[1]).split())


def test_a_unit_is_above_the_null_if_it_is_above_each_of_its_own_nulls(run):
    data = read_run_data(run)
    for record in data.records:
        assert record.nulls_99 == {"untrained": 0.4, "isotropic": 0.6, "shuffled": 0.1}
        np.testing.assert_array_equal(record.is_above_null, record.score > 0.6)
        assert record.share_above_null == record.row["share_above_isotropic_99"] > 0
    (row,) = summary_rows(data)
    shares = [record.share_above_null for record in data.records]
    assert row["share_above_null_99"] == np.mean(shares)
    assert (row["readout_err_cm"], row["readout_chance_err_cm"]) == (61, 84)


def test_a_missing_null_is_no_null(run):
    data = read_run_data(run)
    record = data.records[0]
    record.row["isotropic_99"] = float("nan")
    assert not record.is_above_null.any()
    assert np.isnan(record.share_above_null)


def test_the_page_has_its_nulls_its_readout_and_its_objective(run, tmp_path):
    text = page_of(run, tmp_path)
    assert "61.0 readout; chance 84.0" in text
    assert "The nulls of networks without outputs are the same network before training" in text
    assert "readouts of" not in text.lower().replace("error of a linear readout of", "")
    assert "objectives: distances" in text
    assert "Theory expects" not in text  # of place codes
    assert "above all 3 nulls' 99 %" in text.replace("&#39;", "'")
    assert "Objective on states of 3 networks on fresh trajectories" in text
    assert "Losses of different target codes" not in text
    (listed,) = re.findall(r"Figures that are not drawn (.*) Settings", text)
    assert "Position error over time" in listed
    assert "The networks have no outputs." in listed


def test_the_terminal_marks_the_error_of_a_readout(run):
    from rich.console import Console

    console = Console(width=120, no_color=True)
    rows = summary_rows(read_run_data(run))
    with console.capture() as capture:
        console.print(*summary_tables(rows))
    assert "61.0*" in capture.get()
    assert "*: error of a linear readout" in " ".join(capture.get().split())
    rows = summary_rows(read_run_data(synthetic_run(quickstart_specs([0]))))
    with console.capture() as capture:
        console.print(*summary_tables(rows))
    assert "*" not in capture.get()


def test_networks_with_and_without_outputs_are_in_one_report(tmp_path):
    run = synthetic_run([*quickstart_specs([0, 1]), *specs_without(range(2))])
    text = page_of(run, tmp_path)
    assert "Random readouts of a target code" in text
    assert "The nulls of networks without outputs are" in text
    assert "Networks without outputs do not answer where they are" in text
    assert "Loss of 10 networks, objective on states of 2 networks and position error of 10" in text


def test_an_objective_with_negative_values_has_a_linear_axis(run, tmp_path):
    data = read_run_data(run)
    for record in data.records:
        record.history["state_objective_value"] *= -1
    history = next(
        one for one in write_figures(data, run, tmp_path) if one.result.name == "history"
    )
    (axes,) = history.result.figure.axes
    assert axes.get_yscale() == "linear"
    assert np.isfinite(axes.lines[0].get_ydata()).all()
