"""Arms with too few competent networks: no verdict; pairs, counts and pages of competent ones."""

import csv
import html
import json
import math
import re
from types import SimpleNamespace

import pandas as pd
import pytest
from studies.conftest import make_competent
from synthetic import synthetic_run

from gridjax.errors import GridjaxError, Place
from gridjax.spec.network import NetworkSpec
from gridjax.studies.arms import Arm, arms_of, shortage
from gridjax.studies.claims.claims_file import Claim
from gridjax.studies.claims.verdicts import DOES_NOT, HOLDS, NOT_ANSWERABLE, UNDECIDED, judge
from gridjax.studies.estimates import Estimate, undefined_estimate
from gridjax.studies.networks.training import StudyPlan
from gridjax.studies.output.html import write_page
from gridjax.studies.output.results import conclude
from gridjax.studies.output.tables import verdict_table
from gridjax.studies.study import Study
from gridjax.sweep.sweep import Sweep

CODES = ("difference_of_gaussians", "gaussian")


def arm(n_competent, n, name="an arm"):
    names = [f"{name}{k}" for k in range(n)]
    return Arm(name, frozenset(names), frozenset(names[:n_competent]))


@pytest.mark.parametrize(
    ("n_competent", "n", "is_enough"),
    [
        (8, 8, True),
        (7, 8, False),  # fewer than eight
        (7, 7, False),
        (8, 16, True),  # exactly half
        (8, 17, False),
        (32, 64, True),
        (31, 64, False),
        (0, 64, False),
        (0, 0, True),  # nothing is trained: the claim is undecided for another reason
    ],
)
def test_an_arm_needs_eight_competent_networks_and_half(n_competent, n, is_enough):
    one = arm(n_competent, n)
    assert (not one.shortage) == is_enough
    assert (not shortage([arm(64, 64), one])) == is_enough
    if not is_enough:
        reason = "8" if n_competent < 8 else "50 % of the"
        told = f"fewer than {reason} networks are competent (an arm: {n_competent} of {n})"
        assert shortage([arm(64, 64), one]) == told


def claim(name="a", asked_of="competent", role="primary", low=0.01):
    texts = ("c", "p", "e", "t", "n")
    return Claim(name, *texts, role, "percent", low, math.inf, asked_of)


def estimate(value, p=math.nan):
    rows = pd.DataFrame({"run_id": map(str, range(20)), "seed": range(20)})
    return Estimate(value, value - 0.01, value + 0.01, 20, rows, p=p, null=0.0)


@pytest.mark.parametrize("role", ["primary", "secondary"])
@pytest.mark.parametrize("value", [-0.5, 0.01, 0.5])
def test_too_few_competent_networks_never_decide(value, role):
    found = {"a": estimate(value, p=1e-6)}
    (blocked,) = judge([claim(role=role)], found, {"a": (arm(64, 64), arm(7, 8, "12 cm"))})
    assert blocked.outcome == NOT_ANSWERABLE
    assert math.isnan(blocked.p_holm)
    assert math.isnan(blocked.networks_needed)
    assert blocked.sentence == (
        "Not answerable at this size: fewer than 8 networks are competent (12 cm: 7 of 8)."
    )
    (free,) = judge([claim(role=role)], found, {"a": (arm(8, 8),)})
    assert free.outcome == {-0.5: DOES_NOT, 0.01: UNDECIDED, 0.5: HOLDS}[value]


def test_a_claim_about_learning_is_decided_with_arms_that_do_not_learn():
    (verdict,) = judge([claim(asked_of="all")], {"a": estimate(0.5, 0.01)}, {"a": (arm(0, 64),)})
    assert verdict.outcome == HOLDS


@pytest.mark.parametrize(("n_diverged", "outcome"), [(3, HOLDS), (4, NOT_ANSWERABLE)])
def test_a_claim_about_all_networks_needs_arms_that_did_not_diverge(n_diverged, outcome):
    """Of 32 networks, three may diverge: the others are no random sample."""
    ids = [f"n{k}" for k in range(32)]
    some = Arm("dropout", frozenset(ids), frozenset(ids), frozenset(ids[:n_diverged]))
    (verdict,) = judge([claim(asked_of="all")], {"a": estimate(0.5, 0.01)}, {"a": (some,)})
    assert verdict.outcome == outcome
    if n_diverged == 4:
        reason = "more than 10 % of the networks diverged (dropout: 4 of 32)"
        assert verdict.sentence == f"Not answerable at this size: {reason}."
    # a claim about all finished networks counts those that diverged itself
    (verdict,) = judge([claim(asked_of="finished")], {"a": estimate(0.5, 0.01)}, {"a": (some,)})
    assert verdict.outcome == HOLDS


def test_the_table_gives_the_reason_of_each_claim_that_is_not_answerable():
    """A claim about all networks does not depend on their competence."""
    claims = [claim("a", asked_of="all"), claim("b"), claim("c")]
    found = {
        "a": undefined_estimate("too few seeds with every arm (0)"),
        "b": undefined_estimate("no network"),
        "c": undefined_estimate("no unit has a period"),
    }
    arms = {"a": (arm(0, 16, "first"),), "b": (arm(0, 9, "DoS"),), "c": (arm(8, 8),)}
    study = SimpleNamespace(claims=SimpleNamespace(title="a study"))
    assert str(verdict_table(study, judge(claims, found, arms)).caption).splitlines() == [
        "Not answerable: fewer than 8 networks are competent (DoS: 0 of 9).",
        "Not answerable: too few seeds with every arm (0).",
        "Not answerable: no unit has a period.",
    ]


def test_a_claim_that_is_not_answerable_is_no_test_of_the_correction():
    claims = [claim("a"), claim("b"), claim("c")]
    found = {"a": estimate(0.5, 0.02), "b": estimate(0.5, 1e-6), "c": estimate(0.5, 0.03)}
    enough, short = (arm(8, 8),), (arm(7, 8),)
    verdicts = judge(claims, found, {"a": enough, "b": short, "c": enough})
    adjusted = {one.claim.name: one.p_holm for one in verdicts}
    assert adjusted["a"] == pytest.approx(0.04)  # times two, not three
    assert adjusted["c"] == pytest.approx(0.04)
    assert math.isnan(adjusted["b"])
    assert [one.outcome for one in verdicts] == [HOLDS, NOT_ANSWERABLE, HOLDS]


FRAME = pd.DataFrame(
    {
        "run_id": list("abcd"),
        "is_competent": [True, False, True, True],
        "status": ["finished", "diverged", "finished", "finished"],
        "width": [0.1, 0.1, 0.2, 0.2],
    }
)
PLACE = Place("analysis.py")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"frame": FRAME}, {"all networks": ("abcd", "acd")}),
        ({"rows": FRAME}, {"all networks": ("abcd", "acd")}),
        (
            {"frame": FRAME, "first": FRAME["width"] < 0.15, "second": FRAME["run_id"] == "d"},
            {"first": ("ab", "a"), "second": ("d", "d")},
        ),
        ({"frame": FRAME, "dose": "width"}, {"width 0.1": ("ab", "a"), "width 0.2": ("cd", "cd")}),
        ({"frame": FRAME, "level": "width"}, {"width 0.1": ("ab", "a"), "width 0.2": ("cd", "cd")}),
        ({"frame": FRAME[:1], "arms": {"mine": FRAME[1:]}}, {"mine": ("bcd", "cd")}),
    ],
)
def test_arms_are_given_or_follow_from_the_test(arguments, expected):
    found = {one.name: (one.run_ids, one.competent) for one in arms_of("a", arguments, PLACE)}
    assert found == {n: (frozenset(all_), frozenset(able)) for n, (all_, able) in expected.items()}


@pytest.mark.parametrize("arms", [3, [FRAME], {"mine": 3}, {"mine": FRAME[["run_id"]]}, "12 cm"])
def test_arms_that_are_no_rows_are_refused(arms):
    with pytest.raises(GridjaxError, match="arms is not a dict of rows of networks"):
        arms_of("a", {"frame": FRAME, "arms": arms}, PLACE)


ANALYSIS = """\
def select(evidence):
    rows = evidence.networks
    dos = rows["place_field_values"] == "difference_of_gaussians"
    return {
        "learn": {"frame": rows, "is_counted": rows["is_competent"]},
        "more": {"frame": rows, "column": "share_grid", "first": dos, "second": ~dos,
                 "arms": {"DoS": rows[dos], "Gaussian": rows[~dos]}},
    }


def figures(evidence, estimates):
    return []
"""
CLAIMS = """\
title: t
question: q
caution: c
version: 2
changes: Now of competent networks.
claims:
  learn: {claim: c, published: p, estimand: e, test: share, null: n, role: primary, unit: percent,
          holds: {above: 0.5}, asked_of: all}
  more: {claim: c, published: p, estimand: e, test: paired_difference, null: n, role: primary,
         unit: percent, holds: {above: 0.01}, asked_of: competent}
"""
SPECS = [
    NetworkSpec(place_field_values=code, Np=32, place_cell_rf=0.2, Ng=24, seed=seed)
    for code in CODES
    for seed in range(10)
]


@pytest.fixture
def concluded(tmp_path):
    """Return the verdicts, and the files, of ten seeds; some Gaussian networks do not learn."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "analysis.py").write_text(ANALYSIS)

    def run(incompetent=(), diverged=(), size="desk", asked_of="all"):
        text = CLAIMS.replace("asked_of: all", f"asked_of: {asked_of}")
        (folder / "claims.yaml").write_text(text)
        plan = StudyPlan(Study("own", folder), Sweep.from_specs(SPECS))
        made = synthetic_run(SPECS, keep_maps="none", weights=False, diverged=diverged)
        make_competent(made).networks.loc[list(incompetent), "decode_err_ml_cm_T50"] = 10.0
        verdicts = conclude(plan, made, size, tmp_path / "out")
        told = json.loads((tmp_path / "out" / "own" / "verdicts.json").read_text())
        return verdicts, told, write_page(tmp_path / "out").read_text(), made, plan

    return run


def test_a_pair_with_one_incompetent_network_is_left_out(concluded):
    (_, more), told, _, run, plan = concluded(incompetent=[10, 11])
    assert more.outcome != NOT_ANSWERABLE
    used = run.networks.set_index("run_id").loc[more.estimate.rows["run_id"]]
    assert sorted(used["seed"].unique()) == list(range(2, 10))  # both networks of seeds 0 and 1
    assert len(used) == more.estimate.n == told["verdicts"][1]["n"] == 16
    shares = plan.evidence(run).networks.pivot_table("share_grid", "seed", "place_field_values")
    gap = (shares[CODES[0]] - shares[CODES[1]]).loc[2:]
    assert more.estimate.value == pytest.approx(gap.mean())
    assert told["verdicts"][1]["value"] == pytest.approx(100 * gap.mean())


def test_the_numbers_shown_are_those_that_were_used(concluded):
    (learn, more), told, page, run, plan = concluded(incompetent=[10, 11], diverged=[12, 0])
    able = plan.evidence(run).everything.set_index("run_id")["is_competent"]
    assert able.sum() == 16
    shown = {one["arm"]: one for one in told["arms"]}
    assert shown["DoS"] == {"arm": "DoS", "networks": 10, "competent": 9, "share": "90 %"}
    assert shown["Gaussian"] == {"arm": "Gaussian", "networks": 10, "competent": 7, "share": "70 %"}
    assert more.outcome == NOT_ANSWERABLE  # seven, with the diverged one
    assert able[list(more.estimate.rows["run_id"])].all()
    assert learn.estimate.value == pytest.approx(16 / 18)  # of those that did not diverge
    table = page.partition('<table class="words competence">')[2].partition("</table>")[0]
    rows = re.findall(r'<th scope="row">([^<]*)</th><td>(\d+)</td><td>(\d+)</td><td>([^<]*)', table)
    assert ("Gaussian", "10", "7", "70 %") in rows
    assert len(rows) == len(told["arms"])
    verdict_cells = re.findall(r'<span class="verdict \w+">([^<]*)</span>', page)
    assert verdict_cells == [learn.outcome, NOT_ANSWERABLE]
    assert "fewer than 8 networks are competent (Gaussian: 7 of 10)" in html.unescape(page)
    kept = csv.DictReader((plan.study.folder.parent / "out/own/rows/more.csv").open())
    assert {row["run_id"] for row in kept} == set(more.estimate.rows["run_id"])


def test_networks_that_are_in_no_claim_are_counted_too(concluded, tmp_path):
    changed = ANALYSIS.replace('"frame": rows, "is_c', '"frame": rows[dos], "is_c')
    changed = changed.replace('["is_competent"]', '["is_competent"][dos]')
    changed = changed.replace(', "Gaussian": rows[~dos]', "")
    (tmp_path / "own" / "analysis.py").write_text(changed)
    _, told, page, _, _ = concluded(incompetent=[10, 11], diverged=[12, 0])
    assert [one["arm"] for one in told["arms"]] == ["all networks", "DoS", "in no claim"]
    assert told["arms"][-1] | {"arm": ""} == {
        "arm": "",
        "networks": 10,
        "competent": 7,
        "share": "70 %",
    }
    assert '<th scope="row">in no claim</th><td>10</td><td>7</td><td>70 %' in page


def test_a_share_of_finished_networks_counts_those_that_diverged(concluded):
    (learn, _), told, page, _, _ = concluded(
        incompetent=[10], diverged=[12, 0], asked_of="finished"
    )
    assert (learn.estimate.value, learn.estimate.n) == (pytest.approx(17 / 20), 20)
    assert told["verdicts"][0]["asked_of"] == "finished"
    assert "<small>asked of all, also diverged</small>" in page


def test_the_page_tells_of_the_version_and_whom_a_claim_asks(concluded):
    _, told, page, _, _ = concluded()
    assert (told["version"], told["changes"]) == (2, "Now of competent networks.")
    assert "Claims, version 2. Now of competent networks." in page
    assert [one["asked_of"] for one in told["verdicts"]] == ["all", "competent"]
    assert "asked of all" in page
    assert "asked of competent networks" in page


def test_a_smoke_test_says_so_in_every_verdict_and_on_the_page(concluded):
    text = "a smoke test: its networks have not learned the task"
    verdicts, told, page, _, plan = concluded(incompetent=range(11), size="quick")
    assert told["smoke_test"] == text
    assert all(one["sentence"].endswith(f" This is {text}.") for one in told["verdicts"])
    assert f"own: {text}." in page
    assert text in str(verdict_table(plan.study, verdicts).caption)
    assert "DoS: 0 of 10" in str(verdict_table(plan.study, verdicts).caption)
    assert concluded(size="quick")[1]["smoke_test"] == "a smoke test"  # its networks did learn
    assert concluded(incompetent=range(11))[1]["smoke_test"] == ""
