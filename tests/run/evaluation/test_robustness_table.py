"""The table of robustness: its setting, lanes, and runs."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from tiny import PLACE_CELLS, sweep_content

import gridjax as gj
from gridjax.run.evaluation.block_evaluation import evaluate_block
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.settings.perturbations import (
    DOSES,
    KICK_ALONG,
    KICK_OFF,
    NONE,
    STATE_NOISE,
    conditions_of,
    union,
)
from gridjax.sweep.settings.run_settings import EvaluationSettings
from gridjax.training.population import make_trainer

# the settings and shapes of the sweeps in tiny, which other tests compile
SETTINGS = EvaluationSettings(samples_per_bin=40, batch_size=100)


def test_the_setting_asks_for_groups_in_a_fixed_order():
    names = [one.perturbation for one in conditions_of("kicks, state_noise")]
    assert list(dict.fromkeys(names)) == [NONE, STATE_NOISE, KICK_OFF, KICK_ALONG]
    assert conditions_of(NONE) == ()
    assert {one.perturbation for one in conditions_of("all")} == {NONE, *DOSES}
    assert union(["none", "kicks"]) == "kicks"
    assert union(["kicks", "lesions, kicks", "none"]) == "lesions,kicks"
    assert union(["kicks,lesions", "velocity_noise,state_noise"]) == union(["all", "none"]) == "all"
    assert union(["none", "none"]) == "none"


@pytest.mark.slow
def test_lanes_change_no_bit_and_no_other_table_changes():
    """The second network has another box, so that groups of lanes are measured apart."""
    spec = NetworkSpec(
        place_cell_rf=0.3,
        Ng=24,
        Np=32,
        batch_size=16,
        sequence_length=7,
        bin_side_in_m=0.11,
        seed=1,
    )
    box = {"box_width_in_m": 2.4, "box_height_in_m": 2.4, "bin_side_in_m": 0.12}
    specs = [spec, replace(spec, seed=2, **box), replace(spec, seed=3)]
    trainer = make_trainer(spec.static, 3)

    def evaluated(specs, robustness):
        state = trainer.init(trainer.stack(specs, jax.devices()[0]))
        settings = replace(SETTINGS, robustness=robustness)
        return evaluate_block(specs, state, settings, {}, "none")

    first, without = evaluated(specs, "all"), evaluated(specs, "none")
    again = evaluated(specs[::-1], "all")[::-1]
    for one, other, plain in zip(first, again, without, strict=True):
        assert list(one.robustness) == list(other.robustness)
        assert len(one.robustness["move"]) == 11 * len(conditions_of("all"))
        for name, column in one.robustness.items():
            np.testing.assert_array_equal(column, other.robustness[name], err_msg=name)
        assert plain.robustness == {}
        assert one.network.keys() == plain.network.keys()
        for name in ("units", "drift", "spectra"):
            ours, theirs = getattr(one, name), getattr(plain, name)
            for column, values in ours.items():
                np.testing.assert_array_equal(values, theirs[column], err_msg=column)
        is_start = (one.robustness["perturbation"] == KICK_OFF) & (one.robustness["move"] == 0)
        np.testing.assert_allclose(one.robustness["rho_perp"][is_start], 1, atol=1e-3)
    errors = [one.robustness["decode_err_ml_cm"] for one in first]
    assert not np.array_equal(errors[0], errors[2])


@pytest.mark.slow
def test_a_run_has_the_table(tmp_path):
    content = sweep_content(**PLACE_CELLS | {"seed": {"value": 0}})
    content["gridjax"]["evaluation"] = content["gridjax"]["evaluation"] | {"robustness": "kicks"}
    run = gj.train(gj.Sweep.from_dict(content), tmp_path / "run")
    table = run.robustness
    assert list(table.columns[:4]) == ["run_id", "perturbation", "dose", "move"]
    assert set(table["perturbation"]) == {NONE, KICK_OFF, KICK_ALONG}
    assert set(table["run_id"]) == set(run.networks["run_id"])
    assert len(gj.open_run(tmp_path / "run").robustness) == len(table) == 55
