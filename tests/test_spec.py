"""NetworkSpec: its halves, its name, and the metadata that validation reads."""

import dataclasses
import json

import numpy as np
import pytest

from gridjax.spec import EVALUATION, STATIC, TRACED, NetworkSpec, Static, Traced

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

OTHER_VALUES = {
    "str": "another",
    "int": 7,
    "float": 0.375,
    "bool": True,
    "int | None": 7,
}


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
def test_changing_a_field_changes_the_half_it_declares(field):
    spec = NetworkSpec(box_width_in_m=2.0, box_height_in_m=2.0)
    other = dataclasses.replace(spec, **{field.name: OTHER_VALUES[str(field.type)]})
    static_moved = other.static != spec.static
    traced_moved = other.traced != spec.traced
    kind = field.metadata["kind"]
    assert kind in (STATIC, TRACED, EVALUATION)
    assert static_moved == (kind == STATIC)
    # these reach the trace only once their encodings, dropout and oblong boxes are there
    waiting = {"place_cell_alpha_e", "place_cell_alpha_i", "recurrent_dropout", "readout_dropout"}
    assert traced_moved == (kind == TRACED and field.name not in waiting | {"box_height_in_m"})


def test_seeds_default_to_seed_and_can_be_given_apart():
    spec = NetworkSpec(seed=5, weight_seed=9)
    traced = spec.traced
    assert (traced.layout_seed, traced.weight_seed, traced.motion_seed) == (5, 9, 5)
    assert NetworkSpec(seed=5).run_id == NetworkSpec(seed=5, layout_seed=5).run_id
    assert NetworkSpec(seed=5).run_id != spec.run_id


def test_traced_leaves_are_strong_scalars():
    for name, leaf in zip(Traced._fields, NetworkSpec().traced, strict=True):
        assert isinstance(leaf, np.ndarray)
        assert leaf.shape == ()
        is_integer = name.endswith("_seed") or name == "n_grad_steps"
        assert leaf.dtype == (np.int32 if is_integer else np.float32), name


def test_static_half_names_exactly_the_static_fields():
    static = {f.name for f in dataclasses.fields(NetworkSpec) if f.metadata["kind"] == STATIC}
    assert {field.name for field in dataclasses.fields(Static)} == static
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
            assert field.default in limits.get("built", choices)
            assert set(limits.get("built", ())) <= set(choices)
            assert set(limits.get("never", ())) <= set(choices) - set(limits.get("built", choices))
        for code in limits.get("read_by", ()):
            codes = NetworkSpec.__dataclass_fields__["place_field_values"].metadata["choices"]
            assert code in codes
