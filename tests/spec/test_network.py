"""NetworkSpec: its halves, its name, and the metadata that validation reads."""

import dataclasses
import itertools
import json

import numpy as np
import pytest

from gridjax.errors import GridjaxError
from gridjax.run.execution.plugins import load_plugin
from gridjax.run.planning.plan import make_plan
from gridjax.spec.fidelity import CORRECTED, PUBLISHED
from gridjax.spec.fields.distributions import Poisson, Uniform
from gridjax.spec.fields.uses import EVALUATION, STATIC, TRACED, USES
from gridjax.spec.lowering import TracedParams
from gridjax.spec.network import NetworkSpec
from gridjax.spec.place_maps import PlaceMaps
from gridjax.spec.records.optimizer_info import OPTIMIZER_NUMBERS
from gridjax.spec.records.state_objective_info import NUMBERS
from gridjax.spec.registry import CELLS
from gridjax.sweep.catalog import EXPERIMENTS

STUDY_PARAMETERS = {
    "activation",
    "batch_size",
    "bin_side_in_m",
    "box_width_in_m",
    "box_height_in_m",
    "initializer",
    "is_periodic",
    "learning_rate",
    "n_epochs",
    "n_grad_steps_per_epoch",
    "n_place_fields_per_cell",
    "Ng",
    "Np",
    "optimizer",
    "place_field_loss",
    "place_field_values",
    "place_field_normalization",
    "place_cell_rf",
    "place_cell_alpha_e",
    "place_cell_alpha_i",
    "surround_scale",
    "readout_dropout",
    "recurrent_dropout",
    "rnn_type",
    "seed",
    "sequence_length",
    "weight_decay",
}

MAPS = PlaceMaps.of(np.arange(27.0).reshape(3, 3, 3))
OTHER_VALUES = {
    "str": "another",
    "int": 7,
    "float": 0.375,
    "bool": True,
    "int | None": 7,
    "float | None": 0.375,
    "float | Uniform": Uniform(0.25, 0.375),
    "int | Poisson": Poisson(3.0),
    "Fidelity": PUBLISHED,
    "PlaceMaps | None": MAPS,
}
OBJECTIVE = {"state_objective": "distances"}
READING = {
    "n_bottleneck": {"architecture": "banino2018"},
    "place_cell_alpha_e": {"place_field_values": "general_difference_of_gaussians"},
    "place_cell_alpha_i": {"place_field_values": "general_difference_of_gaussians"},
    "place_maps": {"place_field_values": "from_file"},
    "head_direction_kappa": {"n_head_direction_cells": 5},
    "fidelity": {"recurrent_dropout": 0.5},
    "context_input": {"n_environments": 2},
    **dict.fromkeys(("state_objective_weight", "place_loss_weight", *NUMBERS), OBJECTIVE),
    "turn_kappa": {"motion": "von_mises_walk"},
    "vertical_scale": {"motion": "flattened_walk"},
    "adam_epsilon": {"optimizer": "optax_adam"},
    "decoupled_weight_decay": {"optimizer": "adamw"},
    **{name: {"optimizer": "adamw_plateau"} for name in OPTIMIZER_NUMBERS[2:]},
    "recurrent_dropout": {"readout_dropout": 0.25},
    "recurrent_dropout_mask": {"recurrent_dropout": 0.25},
    "readout_dropout": {"recurrent_dropout": 0.25},
    "state_noise": {"state_noise": 0.25},
    "velocity_noise": {"velocity_noise": 0.25},
    "landmark_rate": {"landmark_rate": 0.25},
    "landmark_noise_in_m": {"landmark_rate": 0.25},
}
"""What makes a network read a field that it does not read by default."""


def test_all_27_parameters_of_the_study_are_fields_with_its_defaults():
    spec = NetworkSpec()
    assert len(STUDY_PARAMETERS) == 27
    assert set(spec.to_dict()) >= STUDY_PARAMETERS
    assert (spec.Ng, spec.Np, spec.rnn_type, spec.activation) == (1024, 512, "RNN", "relu")
    assert (spec.place_cell_rf, spec.surround_scale) == (0.12, 2.0)
    assert spec.n_grad_steps == 200_000
    assert spec.n_bins_reported == 44


@pytest.mark.parametrize("field", dataclasses.fields(NetworkSpec), ids=lambda field: field.name)
def test_changing_any_field_changes_the_run_id(field):
    spec = NetworkSpec()
    other = dataclasses.replace(spec, **{field.name: OTHER_VALUES[str(field.type)]})
    assert getattr(other, field.name) != getattr(spec, field.name)
    assert other.run_id != spec.run_id
    assert len(other.run_id) == 16


@pytest.mark.parametrize("field", dataclasses.fields(NetworkSpec), ids=lambda field: field.name)
def test_changing_a_field_that_is_read_changes_the_half_it_declares(field):
    spec = NetworkSpec(box_width_in_m=2.0, box_height_in_m=2.0, **READING.get(field.name, {}))
    other = dataclasses.replace(spec, **{field.name: OTHER_VALUES[str(field.type)]})
    kind = field.metadata["kind"]
    assert kind in (STATIC, TRACED, EVALUATION)
    # only square boxes are there, so the height is never read apart
    assert (other.equivalence_key != spec.equivalence_key) == (field.name != "box_height_in_m")
    if field.name == "place_maps":  # an array of its own shape, which decides a compilation
        return
    # a Poisson law needs its slots, and the number of fields is traced beside them
    both = field.name in ("n_place_fields_per_cell", "fidelity")
    assert (other.static != spec.static) == (kind == STATIC or both)
    assert (other.traced != spec.traced) == (
        both or (kind == TRACED and field.name != "box_height_in_m")
    )


def test_what_a_network_does_not_read_makes_no_other_network():
    def same(one, other):
        return NetworkSpec(**one).equivalence_key == NetworkSpec(**other).equivalence_key

    cartesian = {"place_field_values": "cartesian", "Np": 2, "place_field_loss": "mse"}
    assert same(cartesian, cartesian | {"place_cell_rf": 0.3, "n_place_fields_per_cell": 4})
    assert same(cartesian, cartesian | {"place_field_normalization": "none"})
    gaussian = {"place_field_values": "gaussian"}
    assert same(gaussian, gaussian | {"surround_scale": 3.0, "surround_convention": "variance"})
    assert not same(gaussian, gaussian | {"place_cell_rf": 0.3})
    assert same({}, {"n_epochs": 10, "n_grad_steps_per_epoch": 20_000})
    assert same({}, {"n_place_fields_per_cell": Poisson(0.0)})
    general = {"place_field_values": "general_difference_of_gaussians"}
    pairs = [(0.1, 0.3), (0.2, 0.6), (1.0, 3.0), (0.7, 2.1)]
    networks = {
        NetworkSpec(**general, place_cell_alpha_e=e, place_cell_alpha_i=i).equivalence_key
        for e, i in pairs
    }
    assert len(networks) == 1


def test_dropout_and_weight_decay_that_cannot_act_make_no_other_network():
    def n_distinct(names, values, **common):
        points = itertools.product(values, repeat=len(names))
        specs = [NetworkSpec(**common, **dict(zip(names, at, strict=True))) for at in points]
        return len({spec.equivalence_key for spec in specs})

    for plugin in ("piso", "leaky"):
        load_plugin(str(EXPERIMENTS / "models" / f"{plugin}.py"))
    rates = ("recurrent_dropout", "readout_dropout")
    no_outputs = {"state_objective": "distances", "place_loss_weight": 0.0}
    assert n_distinct(rates, (0.0, 0.5)) == 4
    assert n_distinct(rates, (0.0, 0.5), **no_outputs) == 2
    assert n_distinct(rates, (0.0, 0.5), rnn_type="piso") == 2
    assert n_distinct(rates, (0.0, 0.5), rnn_type="piso", **no_outputs) == 1
    assert not NetworkSpec(rnn_type="piso", recurrent_dropout=0.5).static.has_dropout
    for cell, n in (("LSTM", 3), ("leaky_30", 3), ("piso", 1)):
        assert n_distinct(("weight_decay",), (0.0, 1e-4, 1e-2), rnn_type=cell) == n


def test_the_seed_of_a_layout_makes_no_other_network_without_a_target_code():
    no_code = {"state_objective": "distances", "place_loss_weight": 0.0, "start": "zero"}

    def n_distinct(**values):
        specs = [NetworkSpec(**values, layout_seed=seed) for seed in (None, 0, 1)]
        assert make_plan(specs).n_distinct == len({spec.equivalence_key for spec in specs})
        return len({spec.equivalence_key for spec in specs})

    assert n_distinct(**no_code) == 1
    for reading in ({"start": "place_code"}, {"place_loss_weight": 1.0}):
        assert n_distinct(**no_code | reading) == 2
    free = {"weight_seed": 1, "motion_seed": 1}
    specs = [NetworkSpec(**no_code, **free, seed=seed) for seed in (0, 1)]
    assert specs[0].equivalence_id == specs[1].equivalence_id


def test_published_networks_that_differ_in_inert_settings_alone_are_one():
    def n_distinct(fidelity, **values):
        names = list(values)
        points = itertools.product(*values.values())
        specs = [
            NetworkSpec(fidelity=fidelity, **dict(zip(names, point, strict=True)))
            for point in points
        ]
        return len({spec.equivalence_key for spec in specs})

    dropout = {"recurrent_dropout": (0.0, 0.5), "readout_dropout": (0.0, 0.5)}
    assert n_distinct(PUBLISHED, **dropout) == 1
    assert n_distinct(CORRECTED, **dropout) == 4
    kernels = {"rnn_type": ("UGRNN",), "initializer": ("glorot_uniform", "orthogonal")}
    assert n_distinct(PUBLISHED, **kernels) == 1
    assert n_distinct(CORRECTED, **kernels) == 2
    ratios = [0.1 * 2**n for n in range(-5, 6)]
    assert (
        n_distinct(
            PUBLISHED,
            place_field_values=("general_difference_of_gaussians",),
            place_cell_alpha_e=ratios,
            place_cell_alpha_i=ratios,
        )
        == 21
    )


def test_a_spec_read_back_is_the_same_spec():
    spec = NetworkSpec(
        place_cell_rf=Uniform(0.06, 1.0),
        n_place_fields_per_cell=Poisson(3.0),
        fidelity=dataclasses.replace(PUBLISHED, dropout="active"),
        place_maps=MAPS,
        seed=4,
    )
    for written in (spec.to_dict(), spec.to_sparse_dict()):
        back = NetworkSpec.from_dict(json.loads(json.dumps(written)))
        assert back == spec
        assert back.run_id == spec.run_id
    assert back.place_maps.maps is None
    with pytest.raises(GridjaxError, match="are not loaded"):
        _ = dataclasses.replace(back, place_field_values="from_file").traced


def test_seeds_default_to_seed_and_can_be_given_apart():
    spec = NetworkSpec(seed=5, weight_seed=9)
    traced = spec.traced
    assert (traced.layout_seed, traced.weight_seed, traced.motion_seed) == (5, 9, 5)
    assert NetworkSpec(seed=5).run_id == NetworkSpec(seed=5, layout_seed=5).run_id
    assert NetworkSpec(seed=5).run_id != spec.run_id


def test_traced_leaves_are_strong_scalars():
    spec = NetworkSpec(place_field_values="from_file", place_maps=MAPS)
    assert spec.traced.padding is None
    for name, leaf in zip(TracedParams._fields[:-1], spec.traced[:-1], strict=True):
        assert isinstance(leaf, np.ndarray)
        assert leaf.shape == ((3, 3, 3) if name == "place_maps" else ())
        is_integer = name.endswith("_seed") or name in (
            "n_grad_steps", "n_fields", "accumulated_batches", "plateau_steps", "plateau_patience",
        )  # fmt: skip
        assert leaf.dtype == (np.int32 if is_integer else np.float32), name
    assert NetworkSpec().traced.place_maps is None


def test_static_half_is_hashable_and_does_not_hold_seeds():
    assert hash(NetworkSpec().static) == hash(NetworkSpec(seed=3).static)


def test_run_id_is_the_same_in_every_process():
    # a literal, because Python's own hash of a text changes from process to process
    assert NetworkSpec().run_id == "44136fa355b3678a"


def test_to_dict_is_json():
    values = NetworkSpec(seed=3).to_dict()
    assert json.loads(json.dumps(values)) == values


def test_every_field_declares_consistent_limits():
    for field in dataclasses.fields(NetworkSpec):
        limits = field.metadata
        assert limits["doc"], field.name
        choices = limits.get("choices")
        if choices is not None:
            assert field.default in choices
            assert set(limits.get("never", ())) <= set(choices) - {field.default}
        assert limits["used_by"] <= set(USES), field.name


def test_a_run_id_is_computed_once_and_anew_where_a_plugin_takes_its_name(monkeypatch):
    spec = NetworkSpec(rnn_type="leaky")
    before = spec.run_id
    with monkeypatch.context() as patch:
        patch.setattr(NetworkSpec, "to_sparse_dict", None)
        assert spec.run_id == before
    monkeypatch.setitem(CELLS._hashes, "leaky", "0" * 64)
    assert spec.run_id != before
    assert spec == NetworkSpec(rnn_type="leaky")
