"""Users' target codes whose values, or whose parameters, are not those of their records."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import pytest
import yaml
from commands import in_this_process
from tiny import TINY

import gridjax as gj
from gridjax.run.execution.checks.plugin_check import check_plugins
from gridjax.spec.registry import REGISTRIES
from gridjax.sweep.settings.run_settings import EvaluationSettings

FEW = TINY | {"Np": {"value": 12}}


@pytest.fixture(autouse=True)
def _registering(monkeypatch):
    """What a test registers is forgotten after it."""
    for registry in REGISTRIES.values():
        for name in ("_infos", "_functions", "_hashes", "_modules"):
            monkeypatch.setattr(registry, name, dict(getattr(registry, name)))


LINEAR = "jnp.linspace(-1, 1, 12) * positions[..., :1]"  # the values of a code; it has 12 outputs


@pytest.mark.parametrize(
    ("record", "values", "what", "fix"),
    [
        ("targets='distribution'", LINEAR, "values down to -", "values of at least 0"),
        ("targets='distribution'", f"0 * {LINEAR} + 0.5", "rows whose sums are 6 to 6", "divide"),
        ("targets='unit_interval'", f"{LINEAR} + 1", "values from", "values from 0 to 1"),
        ("", f"jnp.log({LINEAR})", "values that are NaN or infinite", "finite numbers"),
        (
            "targets='distribution', targets_unnormalized='unit_interval'",
            f"2 + jax.nn.softmax({LINEAR})",
            'values from 2.02 to 2.2, but targets_unnormalized="unit_interval"',
            'or give targets_unnormalized="real"',
        ),
    ],
)
def test_codes_whose_values_are_not_what_their_record_says_are_refused(
    tmp_path, record, values, what, fix
):
    code = f"""
import jax
import jax.numpy as jnp
import gridjax as gj

def encode(layout, positions):
    return {values}

info = gj.TargetCodeInfo("own", {record})
gj.register_encoding(info, gj.Encoding(lambda *_: None, encode, lambda _, y: y[..., :2]))
"""
    (tmp_path / "own.py").write_text(code)
    normalization = "none" if "unnormalized" in record else "global"
    own = {"place_field_values": {"value": "own"}, "place_field_loss": {"value": "mse"}}
    own["place_field_normalization"] = {"value": normalization}
    (tmp_path / "own.yaml").write_text(yaml.safe_dump({"method": "grid", "parameters": FEW | own}))
    done = in_this_process(tmp_path, "sweep", "own.yaml", "--plugin", "own.py", "--out", "out")
    assert done.returncode == 2
    assert f"own.py: own: encode returns {what}" in done.stderr
    assert fix in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_codes_are_evaluated_at_every_width_of_a_sweep():
    def init(key, context):
        return {"width": context.place_cell_rf_low}

    def encode(layout, positions):
        values = jax.nn.softmax(jnp.linspace(0, 1, 12) * positions[..., :1])
        return jnp.where(layout["width"] > 0.3, 2.0, 1.0) * values

    info = gj.TargetCodeInfo("own", targets="distribution", reads=("place_cell_rf",))
    gj.register_encoding(info, gj.Encoding(init, encode, lambda _, outputs: outputs[..., :2]))
    narrow = gj.NetworkSpec(place_field_values="own", Np=12, place_cell_rf=0.2)
    check_plugins([narrow, replace(narrow, seed=1)], EvaluationSettings())
    with pytest.raises(gj.GridjaxError, match="rows whose sums are 2 to 2"):
        check_plugins([narrow, replace(narrow, place_cell_rf=0.4)], EvaluationSettings())


def uniform(layout, positions):
    return jnp.full((*positions.shape[:-1], 12), 1 / 12) + layout


@pytest.mark.parametrize("named", ["place_cell_alpha_e", "place_cell_alpha_i"])
@pytest.mark.parametrize("read", ["alpha_e", "alpha_i"])
def test_codes_that_read_a_share_of_two_weights_name_both(named, read):
    def init(key, context):
        return 0 * getattr(context, read)

    encoding = gj.Encoding(init, uniform, lambda _, outputs: outputs[..., :2])
    gj.register_encoding(gj.TargetCodeInfo("own", reads=(named,)), encoding)
    spec = gj.NetworkSpec(place_field_values="own", Np=12, place_cell_alpha_i=3.0)
    (missing,) = {"place_cell_alpha_e", "place_cell_alpha_i"} - {named}
    with pytest.raises(gj.GridjaxError, match=f"context.{read}, but its .* name {missing}"):
        check_plugins([spec], EvaluationSettings())
    both = gj.TargetCodeInfo("both", reads=("place_cell_alpha_e", "place_cell_alpha_i"))
    gj.register_encoding(both, encoding)
    check_plugins([replace(spec, place_field_values="both")], EvaluationSettings())


def test_codes_that_read_the_normalization_have_a_form_without_it():
    def init(key, context):
        return 1.0 if context.place_field_normalization == "none" else 0.0

    encoding = gj.Encoding(init, uniform, lambda _, outputs: outputs[..., :2])
    gj.register_encoding(gj.TargetCodeInfo("own", has_place_cells=True), encoding)
    spec = gj.NetworkSpec(place_field_values="own", Np=12, place_field_normalization="none")
    with pytest.raises(gj.GridjaxError, match="give targets_unnormalized in the record"):
        check_plugins([spec], EvaluationSettings())
    gj.register_encoding(gj.TargetCodeInfo("both", targets_unnormalized="real"), encoding)
    check_plugins([replace(spec, place_field_values="both")], EvaluationSettings())


def test_only_codes_with_polar_in_their_name_read_the_polar_angle():
    def init(key, context):
        return 1.0 if context.polar_angle == "atan" else 0.0

    encoding = gj.Encoding(init, uniform, lambda _, outputs: outputs[..., :2])
    gj.register_encoding(gj.TargetCodeInfo("own"), encoding)
    spec = gj.NetworkSpec(place_field_values="own", Np=12)
    with pytest.raises(gj.GridjaxError, match=r"own: a function reads context\.polar_angle"):
        check_plugins([spec], EvaluationSettings())
    gj.register_encoding(gj.TargetCodeInfo("own_polar", targets="real"), encoding)
    check_plugins([replace(spec, place_field_values="own_polar")], EvaluationSettings())
