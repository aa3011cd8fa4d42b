"""The tables of environments: lanes, and runs."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from tiny import PLACE_CELLS, StopAt, sweep_content

import gridjax as gj
from gridjax.callbacks import Stopped
from gridjax.report.html import write_report
from gridjax.run.evaluation.block_evaluation import evaluate_block
from gridjax.run.worker import train_loop
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.settings.run_settings import EvaluationSettings
from gridjax.training.population import make_trainer

SETTINGS = EvaluationSettings(samples_per_bin=40, batch_size=100, environments=True)
SPEC = NetworkSpec(
    place_cell_rf=0.3,
    Ng=24,
    Np=32,
    batch_size=16,
    sequence_length=7,
    bin_side_in_m=0.11,
    seed=1,
    n_environments=3,
    context_input="one_hot",
)


@pytest.mark.slow
def test_lanes_change_no_bit_and_no_other_table_changes():
    """The second network has another box, so that groups of lanes are measured apart."""
    box = {"box_width_in_m": 2.4, "box_height_in_m": 2.4, "bin_side_in_m": 0.12}
    specs = [SPEC, replace(SPEC, seed=2, **box), replace(SPEC, seed=3)]
    trainer = make_trainer(SPEC.static, 3)

    def evaluated(specs, settings):
        traced = trainer.stack(specs, jax.devices()[0])
        state = trainer.chunk(traced, trainer.init(traced), np.full(3, 40, np.int32))
        return evaluate_block(specs, state, settings, {}, "none")

    first, again = evaluated(specs, SETTINGS), evaluated(specs[::-1], SETTINGS)[::-1]
    without = evaluated(specs, replace(SETTINGS, environments=False))
    bins = (11, 12, 11)  # cm
    for one, other, plain, cm in zip(first, again, without, bins, strict=True):
        for table in ("environments", "remapping", "units"):
            ours, theirs = getattr(one, table), getattr(other, table)
            assert list(ours) == list(theirs)
            for name, column in ours.items():
                np.testing.assert_array_equal(column, theirs[name], err_msg=name)
        assert (plain.environments, plain.remapping) == ({}, {})
        for name, value in one.network.items():
            np.testing.assert_array_equal(value, plain.network[name], err_msg=name)
        table = one.environments
        assert table["environment"].tolist() == [0, 1, 2]
        for name in ("loss", "pos_decoding_err", "share_active"):
            assert table[name][0] == pytest.approx(one.network[name], rel=1e-5)
        assert len(set(table["pos_decoding_err"])) == 3
        assert np.isnan(table["place_correlation"][0])
        units = one.remapping
        assert units["environment"].tolist() == [1] * 24 + [2] * 24
        assert units["unit"].tolist() == [*range(24)] * 2
        shifts = units["shift_x_cm"][np.isfinite(units["shift_x_cm"])] / cm
        np.testing.assert_allclose(shifts, shifts.round(), atol=1e-4)
        assert np.abs(shifts).max() > 1
        known = np.isfinite(units["correlation"])
        assert known.any()
        assert (units["correlation"] <= units["correlation_shifted"] + 1e-4)[known].all()


@pytest.mark.slow
def test_a_run_has_the_tables_and_its_networks_answer_in_each_environment(tmp_path, monkeypatch):
    parameters = PLACE_CELLS | {"seed": {"value": 0}, "n_environments": {"value": 2}}
    content = sweep_content(**parameters)
    # the sizes with which Network.rate_maps gives the maps of the run
    content["gridjax"] = {"keep_maps": "all", "evaluation": {"environments": True}}
    run = gj.train(gj.Sweep.from_dict(content), tmp_path / "run")
    (run_id,) = run.networks["run_id"]
    assert run.environments["environment"].tolist() == [0, 1]
    assert len(run.remapping) == 24
    network, kept = run.network(run_id), run.rate_maps(run_id)
    here, there = (network.rate_maps(environment=number).values for number in (0, 1))
    np.testing.assert_allclose(here, kept.values, rtol=1e-4, atol=1e-5)
    table = run.remapping
    active = np.flatnonzero(table["kind"] != "silent")
    assert len(active)
    for unit in active:
        both = np.isfinite(here[unit]) & np.isfinite(there[unit])
        r = np.corrcoef(here[unit][both], there[unit][both])[0, 1]
        assert table["correlation"][unit] == pytest.approx(r, abs=1e-3)
    paths = gj.simulate_trajectories(3, 7, seed=1)
    positions = np.concatenate([paths.start[:, None], paths.positions], axis=1)
    answers = [network.respond(positions, environment=number) for number in (0, 1)]
    assert np.abs(np.asarray(answers[0].activity - answers[1].activity)).max() > 1e-3
    for wrong in (2, -1, "a"):
        with pytest.raises(gj.GridjaxError, match="environment"):
            network.respond(positions, environment=wrong)
    monkeypatch.setattr(train_loop, "CHUNK_SECONDS", 0.0)  # a step a chunk
    with pytest.raises(Stopped):
        gj.train(gj.Sweep.from_dict(content), tmp_path / "two", [StopAt(60)], checkpoint_every=0)
    resumed = gj.train(gj.Sweep.from_dict(content), tmp_path / "two")
    for name in ("environments", "remapping", "history"):
        assert getattr(resumed, name).equals(getattr(run, name)), name
    assert write_report(run, tmp_path / "run").stat().st_size > 10_000
    gj.export_run(tmp_path / "run", tmp_path / "small")
    assert gj.open_run(tmp_path / "small").remapping.equals(run.remapping)
