"""PyTorch on a device: every variant trains as the eager trainer, which trains as gridjax does."""

import json
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest

from benchmarks import samework
from benchmarks.options import SIZES
from benchmarks.peers import numpy_motion, processes

if find_spec("torch") is None:
    pytest.skip("PyTorch is an extra", allow_module_level=True)

import torch

from benchmarks.peers import (
    pytorch_card,
    pytorch_motion,
    pytorch_population,
    pytorch_rnn,
    pytorch_variants,
)

TINY = replace(SIZES["small"], Ng=12, Np=10, batch_size=4, sequence_length=3)
SPEC = replace(TINY, learning_rate=3e-3, weight_decay=0.02, surround_scale=1.7)
N_STEPS = 3
RTOL = 1e-4  # three updates of 3e-3 in float32 products that are summed in another order


@pytest.fixture(scope="module")
def config():
    line = json.dumps(processes.config_of(SPEC, processes.Way(True, 1)))
    return pytorch_rnn.Config.from_json(line)


@pytest.fixture(scope="module")
def given():
    """Weights, place cells and trajectories of two networks, and their losses by gridjax."""
    examples = [samework.example(replace(SPEC, seed=seed)) for seed in (0, 1)]
    return [arrays | {"loss": np.float64(loss)} for arrays, loss in examples]


def losses_of_trainer(config, arrays):
    trainer = pytorch_rnn.Trainer(config)
    trainer.load(arrays)
    paths = numpy_motion.Paths(arrays["start"], arrays["moves"], arrays["positions"])
    return [float(trainer.step(paths)) for _ in range(N_STEPS + 1)]


@pytest.mark.parametrize("name", ["vmap", "eager", "loop"])
def test_a_variant_trains_each_of_two_networks_as_the_eager_trainer(name, config, given):
    expected = [losses_of_trainer(config, each) for each in given]
    assert all(first > 1.001 * last for first, *_, last in expected)  # training has an effect
    assert abs(expected[0][0] / expected[1][0] - 1) > 10 * RTOL
    variant = pytorch_variants.Variant(name, config, 2)
    variant.train(2)  # load must forget these updates
    for networks in (given, given[::-1]):
        wanted = expected if networks is given else expected[::-1]
        theirs = np.array(variant.losses(networks, N_STEPS + 1)).T
        assert len(theirs) == (2 if name == "vmap" else 1)
        np.testing.assert_allclose(theirs, wanted[: len(theirs)], rtol=RTOL)
    assert expected[0][0] == pytest.approx(given[0]["loss"], rel=samework.RTOL)


def test_weights_of_a_population_are_those_of_its_networks_trained_alone(config, given):
    population = pytorch_population.Population(config, 2)
    population.load(given)
    first = [weight.clone() for weight in population.weights]
    for _ in range(N_STEPS):
        population.step(stacked_paths(given))
    for place, arrays in enumerate(given):
        trainer = pytorch_rnn.Trainer(config)
        trainer.load(arrays)
        for _ in range(N_STEPS):
            trainer.step([each[place] for each in stacked_paths(given)])
        network = trainer.network
        alone = (network.encoder.weight, *network.kernels(), network.decoder.weight)
        for weight, before, one in zip(population.weights, first, alone, strict=True):
            assert (weight - before).abs().max() > 5e-3
            # updates of 3e-3 each
            assert torch.allclose(weight[place], one, rtol=0, atol=1e-5)


def stacked_paths(given):
    names = ("start", "moves", "positions")
    return [torch.from_numpy(np.stack([each[name] for each in given])) for name in names]


@pytest.mark.parametrize("n_networks", [1, 2])
def test_a_step_is_one_program_for_the_compiler(n_networks, config, given):
    population = pytorch_population.Population(config, n_networks)
    stacked = stacked_paths(given[:n_networks])
    paths = [each[0] for each in stacked] if n_networks == 1 else stacked
    population.load(given[:n_networks])
    plain = [population.step(paths).numpy() for _ in range(N_STEPS)]
    population.load(given[:n_networks])
    # a backend without a C++ compiler; fullgraph refuses a break
    step = torch.compile(population.step, fullgraph=True, dynamic=False, backend="aot_eager")
    traced = [step(paths).numpy() for _ in range(N_STEPS)]
    torch._dynamo.reset()
    np.testing.assert_allclose(traced, plain, rtol=RTOL)


def test_pytorch_walks_as_numpy_does():
    drawn = numpy_motion.draw(np.random.default_rng(3), 40, 300)
    expected = numpy_motion.walk(drawn)
    arrays = (drawn.position.T.copy(), *drawn[1:])
    walked = pytorch_motion.walk(pytorch_motion.Drawn(*map(torch.from_numpy, arrays)))
    assert np.abs(expected.positions).max() > 1.07  # some walk along a wall
    np.testing.assert_allclose(walked.start.numpy().T, expected.start, atol=1e-6)
    for name in ("moves", "positions"):
        theirs = getattr(walked, name).numpy().transpose(0, 2, 1)
        # float32: a turn at a wall can lose some digits, within 41 steps
        np.testing.assert_allclose(theirs, getattr(expected, name), rtol=0, atol=1e-4)


def test_pytorch_draws_as_numpy_does():
    torch.manual_seed(1)
    drawn = pytorch_motion.empty(20, 20_000, "cpu")
    pytorch_motion.redraw(drawn)
    theirs = pytorch_motion.walk(drawn)
    ours = numpy_motion.simulate(np.random.default_rng(1), 20, 20_000)
    assert theirs.moves.square().sum(1).mean().item() == pytest.approx(
        np.square(ours.moves).sum(-1).mean(), rel=0.02
    )  # five standard errors
    assert theirs.positions[-1].std().item() == pytest.approx(ours.positions[-1].std(), rel=0.02)


@pytest.mark.parametrize("n_networks", [1, 2])
def test_trajectories_of_many_steps_are_those_of_one_walk(n_networks, config):
    source = pytorch_population.Source(config, n_networks)
    steps = [source.next() for _ in range(pytorch_population.STEPS_AHEAD)]
    axes = [n_networks] * (n_networks > 1)
    for start, moves, positions in steps:
        assert list(start.shape) == [*axes, config.batch_size, 2]
        assert list(moves.shape) == [*axes, config.sequence_length, config.batch_size, 2]
        following = start[..., None, :, :] + moves.cumsum(-3)
        assert torch.allclose(following, positions, atol=1e-5)
    assert len({float(each[0].flatten()[0]) for each in steps}) == len(steps)


def test_rows_say_what_was_measured_and_what_needs_cuda(config, given, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    files = [tmp_path / f"{place}.npz" for place in range(2)]
    for file, arrays in zip(files, given, strict=True):
        np.savez(file, **arrays)
    wish = {
        "config": config.to_json(),
        "networks": 2,
        "precision": "float32",
        "given": [str(file) for file in files],
        "seconds": 1e-3,
        "repeats": 2,
    }
    rows = {row["variant"]: row for row in pytorch_card.rows(wish)}
    assert set(rows) == set(pytorch_variants.VARIANTS)
    for name, row in rows.items():
        if {"graph", "compile"} & set(name.split("+")):
            assert "no CUDA device" in row["skipped"]
            continue
        assert row["network_steps_per_s"] > 0
        assert row["networks"] == (2 if name == "vmap" else 1)
        assert row["loss_difference"] < RTOL
        assert row["device"] == "cpu"


def test_a_trainer_with_another_loss_than_gridjax_is_not_timed(config, given, tmp_path):
    files = [tmp_path / "0.npz"]
    np.savez(files[0], **given[0] | {"loss": 1.0})
    wish = {"config": config.to_json(), "precision": "float32", "given": files}
    (row,) = pytorch_card.rows(wish)
    assert "differs from gridjax" in row["error"]
