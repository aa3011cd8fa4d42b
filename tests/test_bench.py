"""The benchmarks: what they say and write, and that competitors do the same work. None is timed."""

import json
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec

import jax
import numpy as np
import pytest
from cli.test_cli import assert_refused, gridjax
from oracles import motion as motion_oracle
from torture.quick_evaluation import quick_evaluation

from benchmarks import samework, suite
from benchmarks.options import KINDS, SIZES, Options
from benchmarks.peers import numpy_motion, processes
from benchmarks.timing import in_turns, ratio, steps_for
from gridjax import cli
from gridjax.prng import Stream, stream
from gridjax.run.planning.plan import flop_per_step
from gridjax.task.motion import square_walk
from gridjax.training import train_step

TINY = replace(SIZES["small"], Ng=12, Np=10, batch_size=4, sequence_length=3)
SHORT = Options(
    sizes={"tiny": TINY},
    repeats=2,
    seconds=1e-3,
    populations=(1, 8),
    steps=2,
    batches=(5,),
    shapes=((8, 4, 2), (16, 8, 4)),
    bins=(8,),
    pipeline_populations=(2,),
    pipeline_steps=8,
    with_pytorch=False,
)
ROW = {
    "train": {"size", "flop_per_network_step", "compile_s", "first_step_s", "bytes_per_block"}
    | {"ms_per_network_step", "gflop_per_s", "ceiling_gflop_per_s", "share_of_ceiling", "pytorch"},
    "motion": {"trajectories", "compile_s", "gridjax_ms", "numpy_ms", "loop_ms", "times_numpy"},
    "gridscore": {"bins", "nan", "compile_s", "gridjax_ms_per_map", "plain_ms_per_map", "ratio"},
    "pipeline": {"networks", "networks_per_minute", "evaluation_to_training", "shares", "workers"},
    "scaling": {"networks", "ms_per_network_step", "network_steps_per_s", "steps"},
}
needs_pytorch = pytest.mark.skipif(find_spec("torch") is None, reason="PyTorch is an extra")


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What all benchmarks of a tiny network said and wrote; its evaluation takes no time."""
    folder, lines = tmp_path_factory.mktemp("bench"), []
    files = folder / "told.json", folder / "scaling.png"
    with quick_evaluation():
        suite.run(KINDS, SHORT, lines.append, *files)
    return json.loads(files[0].read_text()), lines, files[1]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_benchmark_writes_its_rows_with_the_machine(kind, told):
    written, lines, _ = told
    assert {"device", "devices", "processor", "cores", "memory_bytes", "jax", "gridjax"} <= set(
        written["machine"]
    )
    rows = written[kind]["rows"]
    assert len(rows) == {"gridscore": 2, "scaling": 2, "pipeline": 2}.get(kind, 1)
    for row in rows:
        assert ROW[kind] <= set(row)
        numbers = [value for value in row.values() if isinstance(value, float)]
        assert all(np.isfinite(numbers))
    assert len(lines) > len(KINDS)


@pytest.mark.slow
def test_the_pipeline_ends_with_the_evaluation_of_a_run():
    rows = suite.run(["pipeline"], SHORT, print)["pipeline"]["rows"]
    assert all(row["evaluation_to_training"] > 0 for row in rows)
    assert all(ROW["pipeline"] <= set(row) for row in rows)


@pytest.mark.slow
def test_rates_are_what_was_done_over_the_time_it_took(told):
    written, _, figure = told
    (row,) = written["train"]["rows"]
    assert row["flop_per_network_step"] == flop_per_step(TINY.static)
    assert row["networks"] == len(jax.local_devices())
    assert row["pytorch"] is None
    flop, rounds = row["flop_per_network_step"], row["rounds"]["gridjax"]
    assert len(rounds) == SHORT.repeats
    assert row["ms_per_network_step"] == pytest.approx(np.median(rounds))
    rates = [flop / (1e-3 * ms) / 1e9 for ms in rounds]
    assert row["gflop_per_s"] == pytest.approx(np.median(rates))
    shares = np.divide(rates, row["rounds"][f"ceiling {fastest_of(row['ceiling_by_shape'])}"])
    assert row["share_of_ceiling"] == pytest.approx(np.median(shares))
    assert set(row["ceiling_by_shape"]) == {
        f"{library} {shape}" for library in ("jax", "numpy") for shape in ("8x4x2", "16x8x4")
    }
    assert row["ceiling_gflop_per_s"] == max(row["ceiling_by_shape"].values())
    for row in written["scaling"]["rows"]:
        assert row["network_steps_per_s"] * row["ms_per_network_step"] == pytest.approx(1e3)
    assert figure.stat().st_size > 10_000


def fastest_of(ceiling_by_shape):
    return max(ceiling_by_shape, key=ceiling_by_shape.get)


def test_what_is_compared_is_measured_in_turns_and_in_ratios_of_the_same_round():
    order, clock = [], iter(range(1, 9))
    works = {name: lambda name=name: order.append(name) or float(next(clock)) for name in "ab"}
    told = in_turns(works, 3)
    assert order == list("ababab")
    assert told == {"a": [1.0, 3.0, 5.0], "b": [2.0, 4.0, 6.0]}
    assert ratio(told["b"], told["a"]) == 4 / 3
    assert steps_for(1.0, lambda n_steps: 0.01 * n_steps) == 100


def test_numpy_walks_as_the_oracle_does():
    rng = np.random.default_rng(3)
    drawn = numpy_motion.draw(rng, 40, 300)
    drawn = numpy_motion.Drawn(*(array.astype(np.float64) for array in drawn))
    world = numpy_motion.World()
    expected = motion_oracle.walk(*drawn, world.box_width_m, world.border_m, world.dt_s)
    assert np.abs(expected.positions).max() > world.box_width_m / 2 - world.border_m
    for walked in (numpy_motion.walk(drawn), numpy_motion.walk_one_by_one(drawn)):
        for name in ("start", "moves", "positions"):
            # 41 steps of rounding, and turns where an angle loses a digit
            np.testing.assert_allclose(
                getattr(walked, name), getattr(expected, name), rtol=0, atol=1e-11
            )


def test_numpy_draws_as_gridjax_does():
    n_animals, spec = 20_000, SIZES["paper"]
    ours = square_walk.simulate(jax.random.key(1), 20, n_animals, spec.traced)
    theirs = numpy_motion.simulate(np.random.default_rng(1), 20, n_animals)
    squares = [np.square(each.moves).sum(axis=-1).mean() for each in (ours, theirs)]
    assert squares[0] == pytest.approx(squares[1], rel=0.02)  # five standard errors
    spread = [np.std(each.positions[-1]) for each in (ours, theirs)]
    assert spread[0] == pytest.approx(spread[1], rel=0.02)


@needs_pytorch
@pytest.mark.parametrize("explicit", [True, False])
def test_the_pytorch_peer_computes_and_trains_as_gridjax_does(explicit):
    peer = import_module("benchmarks.peers.pytorch_rnn")
    spec = replace(TINY, learning_rate=3e-3, weight_decay=0.02, surround_scale=1.7)
    way = processes.Way(explicit, 1)
    config = peer.Config.from_json(json.dumps(processes.config_of(spec, way)))
    trainer = peer.Trainer(config)

    def loss_of(given):
        trainer.load(given)
        return float(trainer.loss(numpy_motion.Paths(*paths_of(given))).detach())

    assert samework.check(spec, loss_of) < 1e-5

    step_of = jax.jit(train_step.step, static_argnums=0)
    state = first = jax.jit(train_step.init, static_argnums=0)(spec.static, spec.traced)
    for step in range(3):
        key = stream(spec.traced.motion_seed, Stream.MOTION, step)
        paths = square_walk.simulate(key, spec.sequence_length, spec.batch_size, spec.traced)
        own = (paths.start, paths.moves, paths.positions)
        trainer.step(numpy_motion.Paths(*(np.array(each) for each in own)))
        state = step_of(spec.static, spec.traced, state)
    kernel = trainer.network.kernels()[1].detach().numpy().T
    ours = state.params["cell"]["W"]
    assert np.abs(ours - first.params["cell"]["W"]).max() > 5e-3
    np.testing.assert_allclose(kernel, ours, rtol=0, atol=1e-5)  # updates of 3e-3 each


def paths_of(given):
    return given["start"], given["moves"], given["positions"]


@needs_pytorch
def test_the_pytorch_peer_computes_the_loss_in_a_process_of_its_own():
    with processes.Peer(TINY, processes.Way(True, 1)) as peer:
        assert samework.check(TINY, peer.loss) < samework.RTOL
        peer.prepare(1e-3)
        assert peer.ms_per_network_step() > 0
        assert peer.peak_bytes > 1e6


class StandIn:
    """A peer that computes what gridjax does, and tells the times it is given."""

    peak_bytes = 1
    way = processes.Way(False, 1)

    def __init__(self, ms):
        self.ms_per_network_step = lambda: ms
        self.cpu_ms = [ms] * SHORT.repeats

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        pass

    def loss(self, given):
        return samework.example(TINY)[1]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["train", "scaling"])
def test_pytorch_stands_beside_gridjax(kind, monkeypatch):
    module = import_module(f"benchmarks.{kind}")
    peers = {"pytorch": StandIn(1e6), "pytorch_per_core": StandIn(5e5)}
    monkeypatch.setattr(module, "tuned_peers", lambda spec, seconds: peers)
    monkeypatch.setattr(module, "has_pytorch", lambda: True)
    lines = []
    told = suite.run([kind], replace(SHORT, with_pytorch=True), lines.append)[kind]
    assert "PyTorch" in lines[-1]
    if kind == "scaling":
        assert (told["pytorch_ms"], told["pytorch_per_core_ms"]) == (1e6, 5e5)
        return
    (row,) = told["rows"]
    assert row["pytorch"]["loss_difference"] == 0
    assert row["pytorch"]["times_slower"] == 2 * row["pytorch"]["per_core_times_slower"] > 1
    assert row["pytorch"]["cpu_times"] == 2 * row["pytorch"]["per_core_cpu_times"] > 1
    ours = row["rounds"]["gridjax"]
    assert 1e6 / max(ours) <= row["pytorch"]["times_slower"] <= 1e6 / min(ours)


def test_a_missing_pytorch_is_said_in_one_line(monkeypatch):
    monkeypatch.setattr(processes, "find_spec", lambda name: None)
    lines = []
    suite.run(["train"], replace(SHORT, sizes={}, with_pytorch=True), lines.append)
    (said,) = [line for line in lines if "PyTorch" in line]
    assert "pip install 'gridjax[bench]'" in said


@pytest.mark.slow
def test_a_peer_that_computes_another_loss_is_not_timed():
    with pytest.raises(AssertionError, match="loss"):
        samework.check(TINY, lambda given: 1.0)


def test_bad_options_are_refused_before_anything_is_measured(tmp_path):
    assert_refused(gridjax("bench", "flying"), "flying")
    assert_refused(gridjax("bench", "train", "--sizes", "small,papr"), "papr", "paper")
    assert_refused(gridjax("bench", "train", "--repeats", "0"), "--repeats 0")
    assert_refused(gridjax("bench", "--json", tmp_path / "no" / "x.json"), "--json", "x.json")
    assert_refused(gridjax("bench", "motion", "--figure", tmp_path / "x.png"), "scaling")
    assert list(tmp_path.iterdir()) == []


def test_the_command_runs_a_benchmark_of_the_checkout(monkeypatch, tmp_path, capsys):
    from gridjax.sweep.catalog import benchmark

    module = benchmark("options")
    assert module.__name__ == "gridjax.benchmarks.options"
    brief = module.Options({}, 1, 1e-3, batches=(3,))
    monkeypatch.setattr(module, "QUICK", brief)
    told = tmp_path / "told.json"
    cli.app(["bench", "motion", "--quick", "--json", str(told)], standalone_mode=False)
    assert json.loads(told.read_text())["motion"]["rows"][0]["trajectories"] == 3
    assert "3 trajectories of 20 moves" in capsys.readouterr().out
