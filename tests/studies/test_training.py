"""What studies need, laid out, and trained once for all of them."""

import hashlib
from types import SimpleNamespace

import pandas as pd
import pytest

from gridjax.errors import GridjaxError, Place
from gridjax.studies.claims.claim_tests import estimate_claim
from gridjax.studies.networks.training import (
    NETWORKS,
    Request,
    StudyPlan,
    lay_out,
    merge_sweeps,
    pilot_sweep,
    resolve_pilots,
    train_studies,
    union,
)
from gridjax.studies.study import Study, find_studies

GRID = """\
method: grid
parameters:
  Ng: {value: 24}
  place_cell_rf: {values: [0.2, 0.3]}
  seed: {values: [3, 4, 5]}
"""
DRAWS = """\
method: random
run_cap: 6
parameters:
  Ng: {value: %d}
  place_cell_rf: {min: 0.1, max: 0.3}
  seed: {distribution: int_uniform, min: 0, max: 1000000}
"""
CLAIMS = """\
title: t
question: q
caution: c
claims:
  one: {claim: c, published: p, estimand: e, test: share, null: n, role: primary, unit: cm,
        holds: {above: 0}, asked_of: all}
"""


@pytest.fixture
def study_of(tmp_path):
    def make(*texts, name="mine"):
        folder = tmp_path / name
        (folder / "quick").mkdir(parents=True)
        (folder / "claims.yaml").write_text(CLAIMS)
        (folder / "analysis.py").write_text("")
        for number, text in enumerate(texts):
            (folder / "quick" / f"{number}.yaml").write_text(text)
        return Study(name, folder)

    return make


def laid_out(study, **wanted):
    specs = lay_out(study, Request(**wanted)).specs
    return [(spec.Ng, spec.place_cell_rf, spec.seed) for spec in specs]


def test_seeds_and_overrides_replace_what_the_files_say(study_of):
    study = study_of(GRID)
    assert laid_out(study) == [(24, width, seed) for width in (0.2, 0.3) for seed in (3, 4, 5)]
    assert laid_out(study, n_seeds=2) == [(24, w, seed) for w in (0.2, 0.3) for seed in (0, 1)]
    changed = {"Ng": 8, "place_cell_rf": 0.1}
    assert laid_out(study, n_seeds=1, overrides=changed) == [(8, 0.1, 0)]
    with pytest.raises(GridjaxError, match="both give the seeds"):
        laid_out(study, n_seeds=1, overrides={"seed": 3})
    with pytest.raises(GridjaxError, match="--seeds 100,000,000,000 is above 20,000"):
        laid_out(study, n_seeds=100_000_000_000)  # a list of this length fits into no memory


def test_of_files_that_draw_each_draws_its_part(study_of):
    study = study_of(DRAWS % 8, DRAWS % 16)
    of_files = [[one for one in laid_out(study) if one[0] == n_units] for n_units in (8, 16)]
    assert [len(of_file) for of_file in of_files] == [6, 6]
    fewer, more = laid_out(study, n_seeds=4), laid_out(study, n_seeds=20)
    assert fewer == [*of_files[0][:2], *of_files[1][:2]]
    assert len(more) == 20
    assert set(more) > {*of_files[0], *of_files[1]}
    assert len(laid_out(study, n_seeds=3)) == 4  # no file draws half a network
    with pytest.raises(GridjaxError, match="--seeds 1,000,001 is above 1,000,000"):
        laid_out(study, n_seeds=1_000_001)


def test_what_a_file_draws_does_not_depend_on_the_others(study_of):
    alone = laid_out(study_of(DRAWS % 16, name="alone"))
    beside = laid_out(study_of(GRID, DRAWS % 8, DRAWS % 16, name="beside"))
    assert alone == [one for one in beside if one[0] == 16]


def test_a_network_of_two_files_is_one(study_of):
    assert len(laid_out(study_of(GRID, GRID.replace("[3, 4, 5]", "[5, 6]")))) == 8


def test_settings_that_differ_are_refused_naming_the_studies(study_of):
    one = study_of(GRID, name="one")
    other = study_of(GRID + "gridjax: {keep_maps: all}\n", name="other")
    asked = [StudyPlan(each, lay_out(each, Request())) for each in (one, other)]
    with pytest.raises(GridjaxError, match=r"one, other have different settings \(gridjax:\)"):
        union(asked)
    # as those of one study would be
    with pytest.raises(GridjaxError, match="sweep files of x have different settings"):
        merge_sweeps([each.sweep for each in asked], "x")


def test_a_union_says_whose_files_they_are_and_what_is_claimed(study_of):
    asked = [
        StudyPlan(each, lay_out(each, Request()))
        for each in (study_of(GRID, name="one"), study_of(DRAWS % 8, name="two"))
    ]
    together = union([*asked, asked[0]])
    digest = hashlib.sha256(CLAIMS.encode()).hexdigest()
    assert together.claims == (("one", digest), ("two", digest))
    assert [name for name, _ in together.sources] == ["one/0.yaml", "two/0.yaml"]
    assert len(together.specs) == 12


@pytest.mark.parametrize("sizes", [[24, 256, 24, 512], ("24", "256", "512")])
def test_a_list_of_units_is_one_request_for_each(study_of, sizes):
    study = study_of(GRID)
    one = Request(n_seeds=1, overrides={"place_cell_rf": 0.2, "Ng": sizes})
    specs = [lay_out(study, request).specs for request in one.by_units]
    assert [[(s.Ng, s.place_cell_rf, s.seed) for s in of_size] for of_size in specs] == [
        [(n, 0.2, 0)] for n in (24, 256, 512)
    ]


@pytest.mark.parametrize("overrides", [None, {"Ng": 8}, {"Ng": "8"}, {"seed": [1, 2]}])
def test_a_request_without_a_list_of_units_is_one(overrides):
    request = Request(overrides=overrides)
    assert request.by_units == [request]


def test_a_pilot_without_results_settles_nothing_and_one_with_them_does(study_of):
    study = study_of(GRID)
    (study.folder / "pilot").mkdir()
    (study.folder / "pilot" / "quick.yaml").write_text(GRID.replace("[3, 4, 5]", "[9]"))
    settle = """
from dataclasses import replace


def settle(pilot, specs):
    seeds = {pilot.spec(run_id).seed for run_id in pilot.networks["run_id"]}
    return [replace(spec, Ng=min(seeds)) for spec in specs for _ in range(2)]
"""
    (study.folder / "analysis.py").write_text(settle)
    (before,) = resolve_pilots([study], Request(), None)
    assert {spec.Ng for spec in before.sweep.specs} == {24}
    from synthetic import synthetic_run

    pilot = pilot_sweep(study, Request(n_seeds=5))
    assert pilot is not None
    assert {spec.seed for spec in pilot.specs} == {9}  # not those of the networks it settles
    run = synthetic_run(pilot.specs, keep_maps="none", weights=False)
    (after,) = resolve_pilots([study], Request(n_seeds=2), run)
    assert [(spec.Ng, spec.seed) for spec in after.sweep.specs] == [(9, 0), (9, 1)] * 2


def test_a_function_that_is_missing_is_named_with_its_file(study_of):
    with pytest.raises(GridjaxError, match="no function settle") as caught:
        study_of(GRID).settle(None, ())
    assert "analysis.py" in str(caught.value.problems[0].place)


def test_an_analysis_may_be_a_package(study_of):
    study = study_of(GRID)
    (study.folder / "analysis.py").unlink()
    package = study.folder / "analysis"
    package.mkdir()
    (package / "__init__.py").write_text("from .arms import settle\n")
    (package / "arms.py").write_text("def settle(pilot, specs):\n    return specs[:1]\n")
    (found,) = find_studies(str(study.folder))
    assert found.settle(None, (1, 2)) == (1,)
    with pytest.raises(GridjaxError, match="no function figures") as caught:
        found.figures(None, {})
    place = str(caught.value.problems[0].place)
    assert place.endswith("__init__.py")


ANALYSIS = "def select(evidence): return {}\ndef figures(evidence, estimates): return {}\n"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("x = (\n", "fails: SyntaxError: .*line 1"),
        ("import no_module_of_this_name\n", "fails: ModuleNotFoundError"),
        (ANALYSIS.replace("select", "selects"), "no function select"),
        (ANALYSIS.replace("figures", "figure"), "no function figures"),
    ],
)
def test_an_analysis_is_imported_before_training(study_of, tmp_path, text, wanted):
    study = study_of(GRID)
    (study.folder / "analysis.py").write_text(text)
    with pytest.raises(GridjaxError, match=wanted) as caught:
        train_studies([study], Request(), tmp_path / "out", progress=False)
    assert str(caught.value.problems[0].place).endswith("analysis.py")
    assert not (tmp_path / "out").exists()


def test_what_an_analysis_must_return_is_said(study_of):
    study, evidence = study_of(GRID), SimpleNamespace(ask=lambda whom: None)
    (study.folder / "analysis.py").write_text(ANALYSIS.replace("{}", "None", 1))
    with pytest.raises(GridjaxError, match=r"select\(\) returns NoneType") as caught:
        study.estimates(evidence)
    assert "the test of one" in caught.value.problems[0].fix
    for returned in ("None", "[3]", "{}"):
        study = study_of(GRID, name=f"returns {returned}")
        (study.folder / "analysis.py").write_text(ANALYSIS.replace("{}", returned))
        with pytest.raises(GridjaxError, match="does not return a list"):
            study.figures(None, {})


def test_a_column_that_the_networks_do_not_have_is_named():
    frame = pd.DataFrame({"run_id": ["a"], "seed": [0], "decode_err_cm": [1.0]})
    arguments = {"frame": frame, "column": "decode_eror_cm", "dose": "seed"}
    with pytest.raises(GridjaxError, match="column 'decode_eror_cm' is no column") as caught:
        estimate_claim("one", "slope", arguments, Place("analysis.py"))
    assert caught.value.problems[0].fix == "did you mean decode_err_cm?"


def test_a_name_that_is_no_study_gets_a_suggestion(study_of, tmp_path):
    for name, fix in (("modles", "did you mean modules?"), ("x", "the studies are emergence,")):
        with pytest.raises(GridjaxError) as caught:
            find_studies(name)
        assert fix in caught.value.problems[0].fix
    folder = study_of(GRID).folder
    assert [(s.name, s.folder) for s in find_studies(str(folder))] == [("mine", folder)]
    (folder / "analysis.py").unlink()
    with pytest.raises(GridjaxError, match="no study"):
        find_studies(str(folder))
    with pytest.raises(GridjaxError, match="would be called 'networks'"):
        find_studies(str(study_of(GRID, name=NETWORKS).folder))
