"""A field, a target code, a cell and a loss are each declared once and then known everywhere."""

import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gridjax as gj
from gridjax import plotting
from gridjax.errors import GridjaxError
from gridjax.report.run_data import label
from gridjax.run.planning.memory_model import bytes_per_lane
from gridjax.run.planning.merging import bucket_shape
from gridjax.run.planning.plan import flop_per_step, make_plan
from gridjax.spec.constraints import read_spec
from gridjax.spec.network import NetworkSpec
from gridjax.spec.padding import padded_config
from gridjax.spec.registry import CELLS, ENCODINGS, LOSSES, plugin_hash
from gridjax.training import population

FIELD = """
    wind_m_per_s: float = traced(
        0.0, "speed of the wind, metres per second", MOTION, CODE, at_least=0.0, setting=True
    )
"""
AFTER = '    inputs: str = static(\n        "displacement"'
KNOWN = """
import numpy as np
import yaml
import gridjax as gj
from gridjax.run.planning.merging import bucket_shape
from gridjax.run.planning.plan import make_plan
from gridjax.run.storage.tables.schema import NETWORKS
from gridjax.spec.lowering import evaluation_config, null_parts
from gridjax.task.target_codes.context import encoding_context

open("a.yaml", "w").write(
    "method: grid\\nparameters: {seed: {values: [0, 1]}}\\ngridjax: {wind_m_per_s: 2.5}\\n"
)
calm, windy = gj.NetworkSpec(), gj.Sweep.from_yaml("a.yaml").specs[0]
assert windy.wind_m_per_s == 2.5 and windy.run_id != calm.run_id
assert gj.NetworkSpec.from_dict(windy.to_sparse_dict()) == windy
assert windy.traced.wind_m_per_s == 2.5 and windy.traced.wind_m_per_s.dtype == np.float32
assert encoding_context(windy.static, windy.traced).wind_m_per_s == 2.5
assert windy.static == calm.static  # a number: no further compilation
assert windy.equivalence_id != calm.equivalence_id
assert null_parts(windy) != null_parts(calm)
assert make_plan([calm, windy]).n_distinct == 2 and len(make_plan([calm, windy]).buckets) == 1
assert NETWORKS.field("wind_m_per_s").type == "double"
open("b.yaml", "w").write(open("a.yaml").read().replace("2.5", "-2.5"))
try:
    gj.Sweep.from_yaml("b.yaml")
except gj.GridjaxError as error:
    print(error)
"""


def test_one_line_adds_a_field_to_sweeps_identities_plans_and_tables(tmp_path):
    shutil.copytree(Path(gj.__file__).parent, tmp_path / "gridjax")
    module = tmp_path / "gridjax" / "spec" / "fields" / "world_fields.py"
    text = module.read_text()
    assert text.count(AFTER) == 1
    module.write_text(text.replace(AFTER, FIELD.lstrip("\n") + AFTER))
    command = [sys.executable, "-c", KNOWN]
    environment = {"PYTHONPATH": str(tmp_path), "PATH": ""}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-1500:]
    assert "wind_m_per_s: -2.5 is below 0" in done.stdout


@contextmanager
def registered(registry, register, info, functions):
    """A plugin for the time of a test."""
    register(info, functions)
    try:
        yield
    finally:
        for entries in (registry._infos, registry._functions, registry._hashes):
            del entries[info.name]


def init_ring(key, context):
    centres = jax.random.uniform(key, (context.Np, 2), minval=-1.0) * context.box_width_in_m / 2
    return {"centres": centres, "width": context.place_cell_rf_low}


def encode_ring(layout, positions):
    away = jnp.linalg.norm(positions[..., None, :] - layout["centres"] + 1e-3, axis=-1)
    return jax.nn.softmax(-jnp.square((away - 0.5) / layout["width"]))


def decode_ring(layout, outputs):
    return jax.nn.softmax(outputs) @ layout["centres"]


RING = gj.TargetCodeInfo(
    "ring",
    targets="distribution",
    label="Ring cells",
    colour="#123456",
    marker="h",
    reads=("place_cell_rf",),
    has_place_cells=True,
    outputs="pairs of rings",
    n_output_groups=2,
)
RING_CODE = gj.Encoding(init_ring, encode_ring, decode_ring)
SPEC = NetworkSpec(
    place_field_values="ring", Np=10, Ng=16, batch_size=9, sequence_length=6, learning_rate=0.01
)
ring = partial(registered, ENCODINGS, gj.register_encoding, RING, RING_CODE)


def test_one_record_adds_a_target_code_to_rules_plans_and_figures():
    with pytest.raises(GridjaxError, match="'ring' is unknown"):
        read_spec(SPEC)
    with ring():
        assert read_spec(SPEC).has_place_code
        with pytest.raises(GridjaxError, match=r"pairs of rings: give a multiple of 2"):
            read_spec(replace(SPEC, Np=9))
        with pytest.raises(GridjaxError, match="place_field_loss: polarmse does not fit"):
            read_spec(replace(SPEC, place_field_loss="polarmse"))
        same = replace(SPEC, surround_scale=3.0), replace(SPEC, place_field_normalization="none")
        assert {one.equivalence_id for one in same} == {SPEC.equivalence_id}
        assert replace(SPEC, place_cell_rf=0.3).equivalence_id != SPEC.equivalence_id
        gaussian = replace(SPEC, place_field_values="gaussian")
        assert flop_per_step(SPEC.static) == flop_per_step(gaussian.static)
        assert (label("ring"), plotting.colour("ring")) == ("Ring cells", "#123456")
        assert plotting.marker("ring") == "h"


@pytest.mark.slow
def test_a_users_code_is_merged_like_a_built_in():
    with ring():
        specs = [SPEC, replace(SPEC, batch_size=12, sequence_length=8, optimizer="rmsprop")]
        assert len(make_plan(specs, shape_of=bucket_shape(merge=True)).buckets) == 1
        static = padded_config(SPEC.static)
        gaussian = replace(SPEC, place_field_values="gaussian")
        assert static.Np == SPEC.Np < padded_config(gaussian.static).Np
        losses = [trained_loss(SPEC, one) for one in (static, SPEC.static)]
        np.testing.assert_allclose(*losses, rtol=1e-3)


def trained_loss(spec, static):
    trainer = population.make_trainer(static, 1)
    traced = trainer.stack([spec], jax.devices()[0])
    state = trainer.chunk(traced, trainer.init(traced), np.full(1, 3, np.int32))
    return float(trainer.progress(traced, state).loss[0])


def init_copy(key, n_inputs, n_units, initializer):
    del initializer
    return {"W": jax.random.normal(key, (n_inputs, n_units))}


def step_copy(params, state, inputs, activation):
    return (activation(inputs @ params["W"]), state[0])


def test_one_record_adds_a_cell_to_plans_and_memory():
    info = gj.CellInfo("copy", n_states=2, n_gates=7, activations_per_unit=100.0)
    with registered(CELLS, gj.register_cell, info, gj.Cell(init_copy, step_copy)):
        copy = NetworkSpec(rnn_type="copy")
        lstm = replace(copy, rnn_type="LSTM")
        assert flop_per_step(copy.static) > 1.3 * flop_per_step(lstm.static)
        assert bytes_per_lane(copy.static) > 2 * bytes_per_lane(lstm.static)
        with pytest.raises(GridjaxError, match="matmul_precision: tf32 does not fit rnn_type"):
            read_spec(replace(copy, matmul_precision="tf32"))
        own = replace(info, name="other", has_matmul_precision=True)
        with pytest.raises(GridjaxError, match="its step takes no product"):
            gj.register_cell(own, gj.Cell(init_copy, step_copy))
    rounded = gj.Cell(init_copy, lambda params, state, inputs, phi, product: step_copy)
    with registered(CELLS, gj.register_cell, replace(own, name="copy"), rounded):
        assert read_spec(replace(copy, matmul_precision="bf16")).matmul_precision == "bf16"
    for wrong in ({"n_states": -1}, {"n_gates": 1.5}, {"n_states": 0}):
        what = "has_layers needs a state" if wrong == {"n_states": 0} else "not a possible number"
        with pytest.raises(GridjaxError, match=what):
            gj.CellInfo("copy", **wrong)


def absolute(outputs, targets):
    return jnp.abs(outputs - targets).mean(axis=-1)


def test_one_record_adds_a_loss_to_rules_and_merging():
    info = gj.LossInfo("absolute", needs="unit_interval")
    with registered(LOSSES, gj.register_loss, info, gj.Loss(absolute)):
        spec = NetworkSpec(place_field_values="gaussian", place_field_loss="absolute")
        assert read_spec(spec) == spec
        with pytest.raises(GridjaxError, match="do not lie between 0 and 1"):
            read_spec(replace(spec, place_field_values="cartesian", Np=2))
        odd = replace(spec, Np=21, batch_size=9)
        assert padded_config(odd.static).Np == 21
        assert padded_config(odd.static).batch_size > 9


SCALE, OFFSET, POWER = 2.0, 1.0, 2.0
WEIGHTS, TABLE = np.array([1.0, 2.0]), {"a": [1, 2]}


def helper(layout):
    return SCALE * layout**POWER + OFFSET + WEIGHTS.sum() + TABLE["a"][0]


def by_helper(layout, positions):
    return helper(layout) + positions


def test_a_plugin_is_identified_by_its_functions_their_helpers_and_its_version(monkeypatch):
    def digest(info=RING, encode=by_helper):
        return plugin_hash(info, gj.Encoding(init_ring, encode, decode_ring))

    before = digest()
    assert digest() == before
    assert digest(replace(RING, version="2")) != before
    assert digest(replace(RING, label="Rings")) != before
    assert digest(encode=encode_ring) != before
    assert digest(encode=partial(by_helper, 1)) != digest(encode=partial(by_helper, 2))
    changes = {"SCALE": 3.0, "POWER": 1.0, "WEIGHTS": np.array([1.0, 3.0]), "TABLE": {"a": [1, 3]}}
    digests = {before}
    for name, value in changes.items():  # what a helper uses; POWER takes the value of OFFSET
        with monkeypatch.context() as patch:
            patch.setitem(globals(), name, value)
            digests.add(digest())
    assert len(digests) == len(changes) + 1
    with monkeypatch.context() as patch:
        patch.setitem(globals(), "helper", absolute)
        assert digest() != before


@pytest.mark.parametrize(
    "wrong", [{"targets": "share"}, {"label": 3}, {"targets_unnormalized": "x"}]
)
def test_records_that_cannot_be_are_refused(wrong):
    with pytest.raises(GridjaxError, match=r"is unknown|is not a text"):
        gj.TargetCodeInfo("ring", **wrong)
    with pytest.raises(GridjaxError, match="has_masks is for gridjax's own"):
        gj.register_encoding(replace(RING, has_masks=True), RING_CODE)
    with pytest.raises(GridjaxError, match="is not a TargetCodeInfo"):
        gj.register_encoding("ring", RING_CODE)
