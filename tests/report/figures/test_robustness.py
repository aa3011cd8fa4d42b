"""Figure of errors under perturbations."""

import dataclasses

import numpy as np
import pytest
from synthetic import quickstart_specs, synthetic_run

from gridjax import plotting
from gridjax.report.figures import robustness
from gridjax.report.figures.robustness import PANELS, curve
from gridjax.report.run_data import read_run_data
from gridjax.run.results.run import Run


@pytest.fixture(scope="module")
def run():
    return synthetic_run(quickstart_specs(), diverged=[3], missing=[6], keep_maps="none")


def draw(run):
    with plotting.styled():
        return robustness.draw(read_run_data(run), run)


def panels(run):
    figure = draw(run).figure
    assert figure is not None
    return figure.axes


def test_curves_are_medians_over_networks_and_begin_without_perturbation(run):
    table = run.robustness
    (over_doses,) = [one for one in PANELS[0].curves if one.measure == "decode_err_rms_cm"]
    found = curve(table, over_doses)
    assert list(found.index) == [0, 0.25, 0.5, 1, 2]
    last = table[table["move"] == 50]
    for name, dose in (("none", 0.0), ("velocity_noise", 0.5)):
        own = last[(last["perturbation"] == name) & (last["dose"] == dose)]["decode_err_rms_cm"]
        assert len(own) == table["run_id"].nunique() > 3
        values = np.percentile(own, [25, 50, 75])
        np.testing.assert_allclose(found.loc[dose], values)
    kick = PANELS[3].curves[0]
    by_move = curve(table, kick)
    own = table[(table["perturbation"] == "kick_off") & (table["dose"] == kick.dose)]
    assert list(by_move.index) == [0, 1, 2, 3, 5, 7, 10, 15, 20, 30, 40]
    median = own[own["move"] == 5]["rho_perp"].median()
    assert by_move.loc[5, "median"] == pytest.approx(median)


def test_the_dotted_line_adds_the_noise_to_the_error_without_noise(run):
    """The excess is the rest: error^2 = expected^2 + excess^2, with the sign of the excess."""
    code = read_run_data(run).codes[0]
    lines = [
        line
        for line in panels(run)[0].lines
        if line.get_color() == plotting.colour(code) and np.size(line.get_xdata()) == 5
    ]
    dotted = np.asarray(lines[1].get_ydata())
    ids = [record.run_id for record in read_run_data(run).finished if record.code == code]
    rows = run.robustness[run.robustness["run_id"].isin(ids) & (run.robustness["move"] == 50)]
    noisy = rows[(rows["perturbation"] == "velocity_noise") & (rows["dose"] == 2)]
    squares = noisy["decode_err_rms_cm"] ** 2 - noisy["excess_err_cm"] ** 2
    assert dotted[-1] == pytest.approx(np.sqrt(squares).median())


def test_a_run_without_perturbed_evaluation_says_which_setting_gives_it(run):
    networks = [
        dataclasses.replace(one, evaluation=dataclasses.replace(one.evaluation, robustness={}))
        for one in run._store.networks
    ]
    drawn = draw(Run(type(run._store)(run.manifest, networks)))
    assert drawn.figure is None
    assert "evaluation.robustness" in drawn.caption


def test_a_part_of_the_perturbations_leaves_the_other_panels_empty(run, monkeypatch):
    kicks = run.robustness[run.robustness["perturbation"].str.contains("kick|none")]
    monkeypatch.setitem(run.__dict__, "robustness", kicks)
    texts = [text.get_text() for axes in panels(run) for text in axes.texts]
    assert texts.count("not measured") == 3
