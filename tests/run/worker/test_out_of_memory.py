"""A device without memory: one more attempt with the same bits, then a clear end."""

from types import SimpleNamespace

import jax
import pytest
from tiny import CARTESIAN, Recorder, sweep_content
from torture.sweeps import promised, steps_kept

import gridjax as gj
from gridjax.callbacks import NetworkResumed
from gridjax.errors import MemoryShortageError
from gridjax.run.storage.integrity import verify
from gridjax.run.worker import block_run, worker
from gridjax.run.worker.out_of_memory import asked_for, is_exhausted
from gridjax.training import population

pytestmark = pytest.mark.usefixtures("evaluation_without_compilation")

N_NETWORKS, N_STEPS = 4, 20
MESSAGE = "RESOURCE_EXHAUSTED: Out of memory allocating 123456789 bytes."


def sweep():
    """Four networks in blocks of two; of the shapes of torture.sweeps."""
    varied = {
        "seed": {"values": list(range(N_NETWORKS))},
        "n_grad_steps_per_epoch": {"value": N_STEPS},
    }
    content = sweep_content(**CARTESIAN | varied)
    content["gridjax"] = content["gridjax"] | {"lane_width": 2}
    return gj.Sweep.from_dict(content)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    gj.train(sweep(), folder)
    return folder


class Failing:
    """Some calls find no memory; those of training lose the state that they were given."""

    def __init__(self, call, fails, message, donates=True):
        self.call, self.fails, self.message = call, fails, message
        self.donates = donates
        self.n_calls = 0

    def __call__(self, *arguments):
        self.n_calls += 1
        if self.fails(self.n_calls):
            if self.donates:
                for leaf in jax.tree.leaves(arguments[1:2]):
                    if isinstance(leaf, jax.Array):
                        leaf.delete()
            raise jax.errors.JaxRuntimeError(self.message)
        return self.call(*arguments)


@pytest.fixture
def failing(monkeypatch):
    """Make some calls of one part of a run fail, and count its calls."""
    make = population.make_trainer
    told = SimpleNamespace()
    # the programs of all tests of this process would be compiled again
    monkeypatch.setattr(worker, "forget_programs", lambda: None)

    def fail(part, fails, message=MESSAGE):
        if part == "evaluate":
            told.part = Failing(block_run.evaluate_block, fails, message, donates=False)
            monkeypatch.setattr(block_run, "evaluate_block", told.part)
            return told
        parts = {}

        def failing_trainer(static, lane_width, is_fused):
            trainer = make(static, lane_width, is_fused)
            told.part = parts.setdefault(part, Failing(getattr(trainer, part), fails, message))
            return trainer._replace(**{part: told.part})

        monkeypatch.setattr(population, "make_trainer", failing_trainer)
        return told

    return fail


CALLS = [
    ("evaluate", 1),
    ("init", 2),
    ("chunk", 1),
    ("chunk", 9),
    ("progress", 3),
    ("evaluate", 2),
]


@pytest.mark.slow
@pytest.mark.parametrize(("part", "call"), CALLS)
def test_one_lack_of_memory_costs_no_bit(part, call, failing, whole, tmp_path):
    told, recorder = failing(part, lambda n: n == call), Recorder()
    gj.train(sweep(), tmp_path / "run", [recorder], checkpoint_every=0)
    assert told.part.n_calls > call
    (warning,) = recorder.warnings
    assert "out of device memory" in warning
    assert "123 MB requested" in warning
    assert promised(tmp_path / "run") == promised(whole)
    verify(tmp_path / "run")
    if (part, call) in (("chunk", 9), ("evaluate", 1)):
        assert recorder.of(NetworkResumed), "no network was resumed from its checkpoint"


def test_other_errors_of_a_device_are_not_taken_for_it(failing, tmp_path):
    recorder = Recorder()
    failing("chunk", lambda n: n == 2, "INTERNAL: a bug")
    with pytest.raises(jax.errors.JaxRuntimeError, match="a bug"):
        gj.train(sweep(), tmp_path / "run", [recorder])
    assert not recorder.warnings


@pytest.mark.slow
@pytest.mark.parametrize("part", ["evaluate", "chunk"])
def test_a_second_lack_of_memory_ends_the_run_with_all_saved(part, failing, whole, tmp_path):
    folder, memory = tmp_path / "run", SimpleNamespace(is_small=True)
    after = 4 if part == "chunk" else 0
    failing(part, lambda n: memory.is_small and n > after)
    with pytest.raises(MemoryShortageError) as caught:
        gj.train(sweep(), folder, checkpoint_every=0)
    (problem,) = caught.value.problems
    assert caught.value.exit_code == 74
    assert "123 MB requested" in problem.message
    assert "--workers" in problem.fix
    if part == "chunk":
        assert "2 networks at once (lane width 2)" in problem.message
        assert "Ng=24" in problem.message
        assert "--set gridjax.lane_width=1" in problem.fix
    else:
        assert "out of device memory during the evaluation of" in problem.message
        assert "gridjax.evaluation.batch_size" in problem.fix
    assert steps_kept(folder, N_STEPS) > 0
    verify(folder)
    memory.is_small = False
    gj.train(sweep(), folder)
    assert promised(folder) == promised(whole)


def test_the_requested_memory_is_a_phrase():
    texts = {
        "Out of memory allocating 123456789 bytes.": "123 MB requested",
        "Out of memory while trying to allocate 12.50GiB.": "12.50 GiB requested",
        "nothing of it": "unknown amount",
    }
    assert {text: asked_for(f"RESOURCE_EXHAUSTED: {text}") for text in texts} == texts
    assert not is_exhausted(MemoryError("RESOURCE_EXHAUSTED"))
    assert is_exhausted(jax.errors.JaxRuntimeError(MESSAGE))
