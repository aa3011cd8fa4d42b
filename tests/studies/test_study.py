"""The shipped studies: their files, their sizes, and what their designs share."""

import math

import pytest
from synthetic import synthetic_run

from gridjax.errors import GridjaxError
from gridjax.studies.networks.scan import scanning
from gridjax.studies.networks.training import Request, StudyPlan, lay_out, resolve_pilots, union
from gridjax.studies.study import ORDER, SIZES, find_studies, shipped_studies
from gridjax.studies.wavelengths import with_lattices_that_fit

NAMES = [
    *ORDER,
    "agents",
    "dropout",
    "good-for",
    "landmarks",
    "lattices",
    "leaky",
    "models",
    "precision",
    "static",
    "volume",
]
WITHOUT_PAPER = ("leaky", "models", "static")
SEEDS = dict.fromkeys(NAMES, 32) | {"volume": 16}
"""Seeds of each arm of the size desk."""
FEWER_SEEDS = {"lattices": (8, 16)}
"""Seeds of arms that are in no claim, and of networks in a larger box."""
STEPS = {name: {200_000} for name in NAMES} | {"volume": {50_000}}
STEPS |= {name: {20_000, 30_000} for name in ("dropout", "lattices")}
"""Gradient steps of the size paper."""


def study(name):
    return find_studies(name)[0]


def test_all_six_results_and_questions_of_our_own_have_a_study():
    assert shipped_studies() == NAMES
    assert [each.name for each in find_studies("all")] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_size_lays_out_and_every_claim_is_named(name):
    one = study(name)
    assert one.claims.claims
    sizes = {part: lay_out(one, Request(size=part)) for part in SIZES if one.has(part)}
    assert len(sizes["quick"].specs) < len(sizes["desk"].specs)
    assert max(spec.Ng for spec in sizes["quick"].specs) <= 128
    if name not in WITHOUT_PAPER:
        assert {spec.n_grad_steps for spec in sizes["paper"].specs} == STEPS[name]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "emergence"])
def test_arms_share_their_seeds_and_have_enough_of_them(name):
    specs = lay_out(study(name), Request(size="desk")).specs
    arms = {}
    for spec in specs:
        key = {k: v for k, v in spec.to_dict().items() if "seed" not in k}
        arms.setdefault(str(key), set()).add(spec.seed)
    crossed = [seeds for seeds in arms.values() if seeds == {1000}]
    fewer = [set(range(n)) for n in FEWER_SEEDS.get(name, ())]
    arms = [seeds for seeds in arms.values() if seeds not in (*crossed, *fewer)]
    first = 1 if name == "agents" else 0  # agents of seed 0 were trained before the study
    assert all(seeds >= set(range(first, SEEDS[name])) for seeds in arms)
    assert name != "agents" or set(map(min, arms)) == {1}


@pytest.mark.parametrize(
    ("name", "networks"),
    [("width-sensitivity", 51), ("modules", 51), ("turing", 51), ("heterogeneity", 12)],
)
def test_published_arms_are_the_published_ones(name, networks):
    specs = lay_out(study(name), Request(published=True)).specs
    assert len(specs) == networks
    assert {spec.Ng for spec in specs} == {4096}
    assert {spec.seed for spec in specs} == {0, 1, 2}
    assert {spec.batch_size for spec in specs} == {200}


def test_a_study_without_published_arms_says_so():
    without = [one.name for one in find_studies("all") if not one.has("published")]
    assert without == ["encodings", *NAMES[len(ORDER) :]]
    with pytest.raises(GridjaxError, match="no size published"):
        lay_out(study("encodings"), Request(published=True))


def test_studies_share_networks():
    asked = resolve_pilots(find_studies("all"), Request(), None)
    of = {one.study.name: {spec.run_id for spec in one.sweep.specs} for one in asked}
    assert len(of["modules"] & of["turing"]) == 40
    assert len(of["modules"] & of["width-sensitivity"]) == 24
    assert of["good-for"] < of["turing"]
    assert len(of["heterogeneity"] & of["width-sensitivity"]) == 8
    together = union(asked)
    assert len(together.specs) == len(set.union(*of.values()))
    assert [name for name, _ in together.claims] == NAMES


def test_desk_networks_of_widths_are_shared_and_their_lattices_fit_the_box():
    of = {
        name: lay_out(study(name), Request(size="desk")).specs
        for name in ("width-sensitivity", "modules", "turing")
    }
    assert set(of["modules"]) <= set(of["turing"]) & set(of["width-sensitivity"])
    for specs in of.values():
        networks = synthetic_run(specs[::32], keep_maps="none", weights=False).networks
        assert len(with_lattices_that_fit(networks)) == len(networks)


def test_all_networks_of_a_folder_are_evaluated_as_one_of_the_studies_asks():
    plans = [
        StudyPlan(study(name), lay_out(study(name), Request())) for name in ("dropout", "turing")
    ]
    assert [plan.sweep.settings.evaluation.robustness for plan in plans] == ["all", "none"]
    assert union(plans).settings.evaluation.robustness == "all"
    assert union(plans[1:]).settings == plans[1].sweep.settings


def test_perturbations_must_apply_to_a_network_of_the_study_and_not_of_every_file():
    asked = Request(overrides={"gridjax.evaluation.robustness": "all"})
    sweep = lay_out(study("models"), asked)  # some of its files have no recurrent network
    assert sweep.settings.evaluation.robustness == "all"
    with pytest.raises(GridjaxError, match="robustness: all has no effect"):
        lay_out(study("volume"), asked)


def test_seeds_replace_those_of_every_arm():
    specs = lay_out(study("heterogeneity"), Request(n_seeds=2)).specs
    assert {spec.seed for spec in specs} == {0, 1}
    drawn = lay_out(study("emergence"), Request(n_seeds=10)).specs
    assert len(drawn) == 10
    assert {spec.place_field_loss for spec in drawn} == {"crossentropy", "mse"}


def test_a_scan_has_its_own_widths_and_base(tmp_path):
    widths = Request(n_seeds=1, overrides={"place_cell_rf": [0.1, 0.12]})
    base = tmp_path / "base.yaml"
    base.write_text("method: grid\nparameters: {Ng: {value: 99}, seed: {values: [0, 1, 2]}}\n")
    specs = lay_out(scanning(base, "quick"), widths).specs
    assert [(spec.Ng, spec.place_cell_rf, spec.seed) for spec in specs] == [
        (99, 0.1, 0), (99, 0.12, 0),
    ]  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
def test_a_scan_without_a_base_is_of_the_widths_alone(size):
    """The study's other arms are at widths that their claims name: a scan must not move them."""
    widths = [0.1, 0.11, 0.12]
    request = Request(size=size, n_seeds=2, overrides={"place_cell_rf": widths})
    specs = lay_out(scanning(None, size), request).specs
    assert [(spec.place_cell_rf, spec.seed) for spec in specs] == [
        (width, seed) for width in widths for seed in (0, 1)
    ]
    assert {spec.box_width_in_m for spec in specs} == {2.2}


@pytest.mark.parametrize("size", ["quick", "desk"])
def test_a_crossed_design_keeps_its_seeds(size):
    """Else its networks of seeds 0, 1, ... would count as second networks of the scan."""
    whole = lay_out(study("width-sensitivity"), Request(size=size)).specs
    fewer = lay_out(study("width-sensitivity"), Request(size=size, n_seeds=3)).specs
    crossed = [spec for spec in whole if spec.layout_seed is not None]
    levels = [
        len({getattr(s, name) for s in crossed})
        for name in ("layout_seed", "weight_seed", "motion_seed")
    ]
    assert len(crossed) == math.prod(levels)
    assert levels == ([12, 3, 2] if size == "desk" else [2, 2, 2])
    assert [spec for spec in fewer if spec.layout_seed is not None] == crossed
    others = [spec for spec in fewer if spec.layout_seed is None]
    assert {spec.seed for spec in others} == {0, 1, 2}
    asked = Request(size=size, n_seeds=3, overrides={"layout_seed": 5})
    moved = lay_out(study("width-sensitivity"), asked).specs
    assert {spec.seed for spec in moved if spec.weight_seed is None} == {0, 1, 2}


def test_settings_that_differ_cannot_share_a_folder():
    sweeps = [
        lay_out(study("modules"), Request(overrides=o)) for o in ({}, {"gridjax.lane_width": 2})
    ]
    with pytest.raises(GridjaxError, match=r"settings \(gridjax:\)"):
        union([StudyPlan(study("modules"), sweep) for sweep in sweeps])
