"""Every difference between what was meant and what was computed: one switch, which acts."""

import dataclasses
import re

import numpy as np
import pytest
import yaml
from source_tree import text_of
from tiny import PLACE_CELLS, sweep_content

import gridjax as gj
from gridjax.spec.fidelity import CORRECTED, PRESETS, PUBLISHED, SWITCHES, Fidelity, parse_fidelity
from gridjax.spec.network import NetworkSpec
from gridjax.spec.registry import ENCODINGS
from gridjax.sweep.sweep import Sweep
from gridjax.task.target_codes.context import encoding_context
from gridjax.task.target_codes.encodings import encoding

PAGE = text_of("docs", "explanation", "fidelity.md")
SMALL = {"seed": {"value": 3}, "n_grad_steps_per_epoch": {"value": 5}}


def test_the_presets_are_the_two_choices_of_every_switch():
    for name, field in SWITCHES.items():
        assert field.metadata["choices"] == (getattr(CORRECTED, name), getattr(PUBLISHED, name))
        assert field.metadata["doc"]
        assert field.metadata["effect"]


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("name", SWITCHES)
def test_every_switch_can_be_set_alone_and_read_back(preset, name):
    choices = SWITCHES[name].metadata["choices"]
    other = next(choice for choice in choices if choice != getattr(PRESETS[preset], name))
    fidelity = dataclasses.replace(PRESETS[preset], **{name: other})
    assert str(fidelity) == f"{preset}, {name}={other}"
    assert parse_fidelity(str(fidelity)) == fidelity
    block = {"fidelity": {"preset": preset, name: other}}
    content = {"method": "grid", "parameters": {"seed": {"value": 0}}, "gridjax": block}
    (spec,) = Sweep.from_dict(content).specs
    assert spec.fidelity == fidelity
    overridden = Sweep.from_dict(content, overrides={"gridjax.fidelity": "published"})
    assert overridden.specs[0].fidelity == PUBLISHED


@pytest.mark.parametrize(
    ("block", "what"),
    [
        ("exact", "'exact' is no fidelity"),
        ({"preset": "exact"}, "fidelity.preset: 'exact' is unknown"),
        ({"dropout": "off"}, "fidelity.dropout: 'off' is unknown"),
        ({"droput": "inert"}, "unknown switch fidelity.droput"),
        ([1], "is no fidelity"),
    ],
)
def test_what_is_no_fidelity_is_refused(block, what):
    content = {"method": "grid", "parameters": {"seed": {"value": 0}}}
    with pytest.raises(gj.GridjaxError, match=re.escape(what)):
        Sweep.from_dict(content | {"gridjax": {"fidelity": block}})


def test_a_parameter_takes_the_form_of_the_block():
    """So that fidelities can be swept; a message of what is no fidelity names this form too."""
    written = ["corrected", {"dropout": "inert"}, {"preset": "published", "dropout": "active"}]
    content = {"method": "grid", "parameters": {"fidelity": {"values": written}}}
    assert {spec.fidelity for spec in Sweep.from_dict(content).specs} == {
        CORRECTED,
        Fidelity(dropout="inert"),
        dataclasses.replace(PUBLISHED, dropout="active"),
    }
    for wrong in ({"dropout": "off"}, {"droput": "inert"}, {"preset": 3}):
        content["parameters"]["fidelity"] = {"value": wrong}
        with pytest.raises(gj.GridjaxError, match="is no fidelity"):
            Sweep.from_dict(content)


def test_the_page_says_what_every_switch_does():
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", PAGE, flags=re.MULTILINE))
    for name, field in SWITCHES.items():
        corrected, published = field.metadata["choices"]
        row = rows.pop(name)
        assert row.startswith(f"`{corrected}` | `{published}` | ")
        assert field.metadata["effect"] in row.replace("`", "")
    assert rows == {}
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    content = {"method": "grid", "parameters": {"seed": {"value": 0}}} | yaml.safe_load(block)
    expected = dataclasses.replace(PUBLISHED, dropout="active")
    assert Sweep.from_dict(content).specs[0].fidelity == expected


def test_switches_of_training_reach_the_static_half():
    def static(fidelity=PUBLISHED, **values):
        return NetworkSpec(fidelity=fidelity, **values).static

    assert static(CORRECTED, recurrent_dropout=0.5).has_dropout
    assert not static(recurrent_dropout=0.5).has_dropout
    assert static(CORRECTED, rnn_type="UGRNN", initializer="orthogonal").initializer == "orthogonal"
    assert static(rnn_type="UGRNN", initializer="orthogonal").initializer == "glorot_uniform"
    assert static(rnn_type="GRU", initializer="orthogonal").initializer == "orthogonal"
    assert static(rnn_type="UGRNN").decays_bias
    assert not static(rnn_type="GRU").decays_bias
    assert not static(CORRECTED, rnn_type="UGRNN").decays_bias


@pytest.mark.parametrize("code", ["polar", "high_dim_polar"])
def test_the_published_angle_is_the_same_for_opposite_positions(code):
    position = np.array([[0.5, 0.3], [-0.5, -0.3]], np.float32)

    def codes(fidelity):
        static = NetworkSpec(place_field_values=code, Np=8, fidelity=fidelity).static
        chosen = encoding(static)
        layout = None
        if code == "high_dim_polar":
            spec = NetworkSpec(place_field_values=code, Np=8)
            import jax

            layout = chosen.init(jax.random.key(0), encoding_context(spec.static, spec.traced))
        return np.asarray(chosen.encode(layout, position))

    published, corrected = codes(PUBLISHED), codes(CORRECTED)
    np.testing.assert_allclose(published[0], published[1], rtol=1e-6)
    assert np.abs(corrected[0] - corrected[1]).max() > 0.1
    assert encoding(NetworkSpec(place_field_values=code, Np=8).static) is ENCODINGS[code]


@pytest.mark.slow
def test_switches_of_the_evaluation_act():
    def run(fidelity):
        content = sweep_content(**PLACE_CELLS | SMALL)
        content["gridjax"] = content["gridjax"] | {"keep_maps": "all"}
        spec = dataclasses.replace(Sweep.from_dict(content).specs[0], fidelity=fidelity)
        return gj.train(Sweep.from_specs([spec], Sweep.from_dict(content).settings))

    corrected, published = run(CORRECTED), run(PUBLISHED)
    meant, computed = corrected.networks.iloc[0], published.networks.iloc[0]
    assert meant.share_of_bins_visited >= 0.99
    # one batch of 16 paths of 50 moves: 2 samples for each of 400 bins
    assert computed.samples_per_bin == pytest.approx(2, rel=0.05)
    assert computed.share_of_bins_visited < 0.8
    assert computed.weight_penalty == meant.weight_penalty > 0
    units = published.units[published.units.nbins == 20]
    maps = published.rate_maps(computed.run_id).to_numpy()
    scored = np.asarray(gj.grid_score(maps, nan="zero").score_60)
    known = np.asarray(gj.grid_score(maps, nan="mask").score_60)
    active = units.active.to_numpy()
    of_run = units.score_60_by_neuron.to_numpy()
    np.testing.assert_allclose(of_run[active], scored[active], atol=1e-5)
    assert np.abs(scored - known).max() > 0.01
    with_penalty = run(Fidelity(loss_column="with_penalty")).networks.iloc[0]
    assert with_penalty.loss == pytest.approx(meant.loss + meant.weight_penalty, rel=1e-6)
