"""Runs of many buckets: what is compiled for those that are done is dropped, and no bit moves."""

from dataclasses import replace
from typing import Any

import jax
import pytest
from tiny import sweep_content
from training.blocks import SPEC, compilations

import gridjax as gj
from gridjax.run.evaluation import rollout
from gridjax.run.execution import compilation_cache, devices, machine
from gridjax.run.execution.compilation_cache import COMPILED, Compiled
from gridjax.training import population

BUCKETS = {
    "place_field_values": {"value": "gaussian"},
    "place_cell_rf": {"value": 0.3},
    "Np": {"values": [12, 13, 14]},
    "n_grad_steps_per_epoch": {"value": 6},
}
OF_ONE_SHAPE = ("record", "record_readouts", "drift_curves", "encode_code")
"""What is compiled for the evaluation of networks of one shape."""


@pytest.fixture
def trained():
    def train():
        COMPILED.drop()
        run = gj.train(gj.Sweep.from_dict(sweep_content(**BUCKETS)))
        record: Any = rollout.record
        return run.networks, run.units, record._cache_size()

    return train


@pytest.mark.slow
def test_compiled_functions_of_few_shapes_are_kept_and_numbers_are_the_same(trained, monkeypatch):
    networks, units, n_kept = trained()
    monkeypatch.setattr(compilation_cache, "MOST_SHAPES", 1)
    monkeypatch.setattr(compilation_cache, "MOST_TRAININGS", 1)
    again, units_again, n_kept_again = trained()
    assert n_kept == 3
    assert n_kept_again == compilation_cache.MOST_SHAPES
    assert networks.equals(again)
    assert units.equals(units_again)


@pytest.mark.slow
def test_evaluations_of_many_shapes_leave_what_trains_and_what_scores_compiled(monkeypatch):
    sizes = {"Np": {"values": [12, 13, 14]}, "optimizer": {"values": ["adam", "sgd"]}}
    content = sweep_content(**BUCKETS | sizes | {"batch_size": {"value": 25}})
    content["gridjax"]["merge"] = True
    monkeypatch.setattr(compilation_cache, "MOST_SHAPES", 1)
    COMPILED.drop()
    jax.config.update("jax_log_compiles", True)  # in all threads
    try:
        with compilations() as lines:
            run = gj.train(gj.Sweep.from_dict(content))
    finally:
        jax.config.update("jax_log_compiles", False)
    names = [line.split()[1].removeprefix("jit(").removesuffix(")") for line in lines]
    assert (run.networks["status"] == "finished").all()
    # each device that trains the one bucket compiles its three functions once
    assert 3 <= names.count("single") <= 3 * len(jax.devices())
    assert names.count("_measures") <= 3  # of the numbers of bins
    for name in OF_ONE_SHAPE:
        assert 3 <= names.count(name) <= 6  # six networks, of three shapes


def test_trainers_of_few_buckets_are_kept():
    population.make_trainer.cache_clear()
    for n_units in range(1, population.MOST_TRAINERS + 4):
        population.make_trainer(replace(SPEC, Ng=n_units).static, 1)
    assert population.make_trainer.cache_info().currsize == population.MOST_TRAINERS


STATICS = [replace(SPEC, Ng=n).static for n in (2, 3, 4)]


def n_kept():
    return population.make_trainer.cache_info().currsize


def test_of_many_devices_few_trainings_are_kept_and_those_that_run_are_counted(monkeypatch):
    monkeypatch.setattr(compilation_cache, "MOST_TRAININGS", 4)
    population.make_trainer.cache_clear()
    first, second, third = STATICS
    ours = Compiled()
    one = [ours.trainer(first, 1, device) for device in "abc"]
    assert one[0] is one[1] is one[2]
    other = ours.trainer(second, 1, "a")  # the fourth
    assert ours.trainer(first, 1, "b") is one[0]
    # the fifth: what was kept is dropped, and what runs is compiled again where it goes on
    ours.trainer(third, 1, "c")
    assert n_kept() == 1
    again = ours.trainer(second, 1, "a")
    assert again is not other
    assert ours.trainer(second, 1, "a") is again
    # all of a bucket's are alive as long as one device trains it: these are five still
    ours.trainer(second, 1, "c")
    assert n_kept() == 1
    # and without the first bucket three, to which a fourth is added
    ours.trainer(second, 1, "b")
    fourth = ours.trainer(third, 1, "a")
    assert ours.trainer(third, 1, "a") is fourth
    assert n_kept() == 2


def test_what_rests_is_not_counted(monkeypatch):
    monkeypatch.setattr(compilation_cache, "MOST_TRAININGS", 3)
    ours = Compiled()
    for device in "abc":
        ours.trainer(STATICS[0], 1, device)
        ours.rest(device)
    ours.trainer(STATICS[1], 1, "a")  # nothing of the first bucket runs: one is left
    kept = n_kept()
    ours.trainer(STATICS[1], 2, "b")
    assert n_kept() == kept + 1


def test_what_many_runs_of_one_process_evaluate_is_dropped_too(monkeypatch):
    dropped = []
    monkeypatch.setattr(compilation_cache, "forget_compiled", lambda: dropped.append("shapes"))
    monkeypatch.setattr(jax, "clear_caches", lambda: dropped.append("all"))
    monkeypatch.setattr(compilation_cache, "MOST_SHAPES", 2)
    monkeypatch.setattr(compilation_cache, "MOST_DROPS", 3)
    ours = Compiled()
    for shape in (1, 2, 1, 2):
        ours.evaluate(shape)
    assert dropped == []
    for shape in range(3, 9):
        ours.evaluate(shape)
    # small operations of all shapes are left behind, until everything is dropped
    assert dropped == ["shapes", "shapes", "shapes", "all"]


def test_a_processor_of_many_cores_has_few_devices(monkeypatch):
    asked = {}
    monkeypatch.setattr(machine, "n_cores", lambda: 192)
    monkeypatch.setattr(jax.config, "update", asked.__setitem__)
    devices.start_devices()
    assert asked == {"jax_num_cpu_devices": machine.MOST_CPU_DEVICES}
