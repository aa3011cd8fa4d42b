"""Runs of many buckets: what is compiled for those that are done is dropped, and no bit moves."""

import pytest
from tiny import sweep_content

import gridjax as gj
from gridjax.study import finishing
from gridjax.training import population

BUCKETS = {
    "place_field_values": {"value": "gaussian"},
    "place_cell_rf": {"value": 0.3},
    "Np": {"values": [12, 13, 14]},
    "n_grad_steps_per_epoch": {"value": 6},
}


@pytest.fixture
def trained():
    def train():
        population.make_trainer.cache_clear()
        sweep = gj.Sweep.from_dict(sweep_content(**BUCKETS))
        run = gj.train(sweep)
        return run.networks, run.units, population.make_trainer.cache_info().currsize

    return train


@pytest.mark.slow
def test_compiled_functions_of_few_buckets_are_kept_and_numbers_are_the_same(trained, monkeypatch):
    networks, units, n_kept = trained()
    monkeypatch.setattr(finishing, "MOST_SHAPES", 1)
    again, units_again, n_kept_again = trained()
    assert n_kept == 3
    assert n_kept_again <= finishing.MOST_SHAPES
    assert networks.equals(again)
    assert units.equals(units_again)
