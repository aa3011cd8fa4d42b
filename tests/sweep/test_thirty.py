"""Thirty sweep files in the study's shapes: 24 grids of 21,113 networks, and 6 random ones."""

import itertools

import pytest
import yaml
from sweep_files import SWEEPS

from gridjax.errors import GridjaxError
from gridjax.spec.fields.distributions import Poisson, Uniform, bounds
from gridjax.sweep.sweep import Sweep

THIRTY = SWEEPS / "thirty"

GRIDS = {
    "cartesian_2d": (144, 0),
    "cartesian_2d_dropouts": (2592, 0),
    "cartesian_2d_losses": (216, 108),  # cross-entropy: one of two losses
    "cartesian_high_d": (3888, 0),
    "dog_general": (363, 0),
    "dog_true": (1152, 0),
    "dos_batches": (288, 0),
    "dos_cells": (96, 0),
    "dos_heterogeneous": (56, 0),
    "dos_many": (7680, 0),
    "dos_many_fields": (36, 0),
    "dos_normalizations": (324, 162),  # local: one of three; none with one code of two
    "dos_optimizers": (288, 0),
    "dos_place_cells": (225, 0),
    "dos_seeds": (234, 0),
    "dos_surrounds": (24, 0),
    "dos_surrounds_from_one": (432, 36),  # 1: one of six ratios, with one code of two
    "dos_ugrnn_initializers": (72, 0),
    "dos_widths": (51, 0),
    "gaussian": (72, 0),
    "gaussian_dropouts": (1296, 0),
    "gaussian_losses": (216, 36),  # cross-entropy: one of three losses, with none of two
    "polar_high_d": (1296, 0),
    "sod": (72, 0),
}
"""Points of each grid, and how many of them can never run, both counted by hand."""
CAPPED = {"random_cartesian": 60, "random_gaussian": 100, "random_dos_surrounds": 80}
UNCAPPED = ("random_dos", "random_high_d", "random_normalizations")
NEVER_RUNNABLE = [name for name, (_, n_never) in GRIDS.items() if n_never]


def file(name):
    return THIRTY / f"{name}.yaml"


def test_the_tables_name_every_file_and_21_113_networks():
    names = {*GRIDS, *CAPPED, *UNCAPPED}
    assert names == {path.stem for path in THIRTY.iterdir()}
    assert len(names) == 30
    assert sum(n_points for n_points, _ in GRIDS.values()) == 21_113


@pytest.fixture(scope="module")
def grids():
    """All grids, read as one population."""
    return Sweep.from_yaml(*(file(name) for name in GRIDS), skip_invalid=True)


def test_every_grid_has_its_networks_but_for_those_that_can_never_run(grids):
    read = {origin.name: (origin.n_networks, origin.n_skipped) for origin in grids.origins}
    assert read == {f"{name}.yaml": (n - never, never) for name, (n, never) in GRIDS.items()}
    assert len(grids.specs) + grids.n_skipped == 21_113


def points_by_hand(path):
    """The points of a grid by PyYAML and one loop, as texts and numbers: the oracle."""
    parameters = yaml.safe_load(path.read_text())["parameters"]
    lists = []
    for each in parameters.values():
        ends = range(each["min"], each["max"] + 1) if "min" in each else ()
        lists.append(each.get("values", [each["value"]] if "value" in each else ends))
    for point in itertools.product(*lists):
        yield tuple(map(as_one_type, point))


def as_one_type(value):
    try:
        return float(value)
    except ValueError:
        return value.replace(" ", "").lower()


@pytest.mark.parametrize("name", ["dos_heterogeneous", "dos_many_fields", "dos_seeds", "dog_true"])
def test_every_point_of_the_product_is_there_once(name):
    names = list(yaml.safe_load(file(name).read_text())["parameters"])
    specs = Sweep.from_yaml(file(name)).specs
    read = [tuple(as_one_type(str(getattr(spec, each))) for each in names) for spec in specs]
    assert len(read) == len(set(read))
    assert set(read) == set(points_by_hand(file(name)))


def test_laws_are_read_with_blanks_and_numbers_in_every_spelling(grids):
    specs = set(Sweep.from_yaml(file("dos_many_fields")).specs)
    assert specs <= set(grids.specs)
    assert {spec.n_place_fields_per_cell for spec in specs} == {Poisson(3.0), 2, 3}
    assert {spec.place_cell_rf for spec in specs} == {0.12, Uniform(0.06, 1.0)}


@pytest.mark.parametrize("name", NEVER_RUNNABLE)
def test_files_with_values_that_can_never_run_are_refused_without_being_asked(name):
    with pytest.raises(GridjaxError) as caught:
        Sweep.from_yaml(file(name))
    located = [problem for problem in caught.value.problems if problem.place]
    assert located
    assert all(problem.place.file == str(file(name)) for problem in located)
    assert "--skip-invalid" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "n_networks"),
    [
        ("dos_surrounds_from_one", "surround_scale: 1 ", 36),
        ("dos_normalizations", "place_field_normalization: 'local'", 108),
        ("gaussian_losses", "place_field_loss: crossentropy", 36),
    ],
)
def test_what_is_left_out_is_told_with_its_place_and_number(name, value, n_networks):
    skipped = Sweep.from_yaml(file(name), skip_invalid=True).skipped
    numbers = [each.n_networks for each in skipped if value in each.reason.message]
    assert sum(numbers) == n_networks
    for each in skipped:
        line = file(name).read_text().splitlines()[each.reason.place.line - 1]
        assert line.split(":")[0].strip() in each.reason.message


def test_what_is_left_never_has_the_values_that_cannot_run(grids):
    for spec in grids.specs:
        reads_surround = "difference" in spec.place_field_values
        assert not (reads_surround and bounds(spec.surround_scale)[0] <= 1)
        normalised = spec.place_field_normalization != "local"
        assert normalised or spec.place_field_values == "cartesian"


def test_alphas_of_one_ratio_are_one_network_each():
    specs = Sweep.from_yaml(file("dog_general")).specs
    ratios = {(5 + i) / (5 + j) for i in range(11) for j in range(11)}
    assert len({spec.equivalence_key for spec in specs}) == 3 * len(ratios)


@pytest.mark.parametrize(("name", "n_draws"), CAPPED.items())
def test_capped_random_files_draw_their_number(name, n_draws):
    sweep = Sweep.from_yaml(file(name), skip_invalid=True)
    assert len(sweep.specs) + sweep.n_skipped == n_draws
    assert sweep.origins[0].n_draws == n_draws


@pytest.mark.parametrize("name", UNCAPPED)
def test_random_files_without_a_number_ask_for_one(name):
    with pytest.raises(GridjaxError) as caught:
        Sweep.from_yaml(file(name), skip_invalid=True)
    (problem,) = caught.value.problems
    assert "run_cap" in problem.fix
    assert "--networks" in problem.fix


@pytest.mark.parametrize("name", [*CAPPED, *UNCAPPED])
def test_random_files_are_drawn_anew_by_another_sweep_seed_alone(name):
    def read(seed):
        options = {"first": 40, "sweep_seed": seed, "skip_invalid": True}
        return Sweep.from_yaml(file(name), **options).specs

    assert read(3) == read(3)
    assert not set(read(3)) & set(read(4))


def test_random_draws_lie_where_their_file_says():
    specs = Sweep.from_yaml(file("random_high_d"), first=60, skip_invalid=True).specs
    assert all(spec.batch_size % 50 == 0 and 50 <= spec.batch_size <= 400 for spec in specs)
    assert all(spec.Np % 2 == 0 and 16 <= spec.Np <= 1024 for spec in specs)
    assert all(6e-6 < spec.weight_decay < 9.2e-4 for spec in specs)  # e^-12 and e^-7
    assert {spec.seed for spec in specs} <= set(range(10))
    assert {spec.optimizer for spec in specs} == {"adam", "adagrad"}
    left = Sweep.from_yaml(file("random_dos_surrounds"), skip_invalid=True)
    assert all(1 < spec.surround_scale <= 3.5 for spec in left.specs)
    assert left.n_skipped > 0
