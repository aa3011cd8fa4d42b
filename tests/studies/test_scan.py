"""Scans: widths in metres, both ends included, and claims about their networks."""

import json

import pytest
from studies.conftest import make_competent
from synthetic import synthetic_run

from gridjax.errors import GridjaxError
from gridjax.studies.claims.verdicts import NOT_ANSWERABLE
from gridjax.studies.networks.scan import read_widths, scanning
from gridjax.studies.networks.training import Request, StudyPlan, lay_out
from gridjax.studies.output.results import conclude


def test_both_ends_belong_to_a_range():
    assert read_widths("0.09:0.15:0.01") == [0.09, 0.1, 0.11, 0.12, 0.13, 0.14, 0.15]
    assert read_widths("0.1:0.1:0.01") == [0.1]
    assert read_widths("0.1:0.2:0.03") == [0.1, 0.13, 0.16, 0.19]
    assert read_widths("1e-1:.2:5e-2") == [0.1, 0.15, 0.2]


def test_centimetres_are_refused_with_the_metres_that_are_meant():
    with pytest.raises(GridjaxError) as caught:
        read_widths("9:15:1")
    assert "--widths 0.09:0.15:0.01" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["", "0.1", "0.1:0.2", "0.1:0.2:0.01:3", "a:b:c", "0.2:0.1:0.01", "0.1:0.2:0", "0.1:0.2:-0.01",
     "0:0.2:0.01", "nan:0.2:0.01", "0.1:inf:0.01", "0.1:0.2:1e-9", "0.1:0.2:1e-320",
     "9:15:1", "-1:0.2:0.01"],
)  # fmt: skip
def test_nonsense_is_refused(text):
    with pytest.raises(GridjaxError) as caught:
        read_widths(text)
    (problem,) = caught.value.problems
    assert text in problem.message
    assert problem.fix


def test_a_thousand_widths_are_taken_and_more_are_not():
    assert len(read_widths("0.001:1:0.001")) == 1000
    with pytest.raises(GridjaxError, match="more than 1000 widths"):
        read_widths("0.001:1.001:0.001")


@pytest.mark.parametrize("error_cm", [5.0, 90.0])
def test_a_scan_has_verdicts_of_its_own_networks_alone(error_cm, tmp_path):
    """Of three widths in one box; if none has learned the task, the claim about them is shown."""
    study = scanning(None, "desk")
    widths = {"place_cell_rf": [0.11, 0.12, 0.13], "Ng": 16}
    sweep = lay_out(study, Request(size="desk", n_seeds=9, overrides=widths))
    run = make_competent(synthetic_run(sweep.specs, keep_maps="none", weights=False))
    run.networks["decode_err_ml_cm_T50"] = error_cm
    verdicts = conclude(StudyPlan(study, sweep), run, "desk", tmp_path)
    shown = [verdict.claim.name for verdict in verdicts]
    assert shown == ["spike_at_12", "a_curve_is_not_enough"]
    assert "5 levels" in verdicts[1].estimate.unanswerable  # three widths are no curve
    told = json.loads((tmp_path / study.name / "verdicts.json").read_text())
    assert [verdict["name"] for verdict in told["verdicts"]] == shown
    assert [arm["arm"] for arm in told["arms"]] == ["11 cm", "12 cm", "13 cm"]
    assert (verdicts[0].outcome == NOT_ANSWERABLE) == (error_cm > 10)
