"""A device without memory: less at once, the same bits; and where that is too much, a clear end."""

import threading
import time
from types import SimpleNamespace

import jax
import pytest
from tiny import CARTESIAN, Recorder, sweep_content
from torture.sweeps import promised, steps_kept

import gridjax as gj
from gridjax.callbacks import NetworkResumed
from gridjax.errors import MemoryShortageError
from gridjax.run.execution import result_commit
from gridjax.run.execution.device_memory import Turns
from gridjax.run.execution.evaluation_queue import Waiting
from gridjax.run.execution.out_of_memory import asked_for, is_exhausted
from gridjax.run.storage.integrity import verify
from gridjax.training import population

N_NETWORKS, N_STEPS = 6, 20
MESSAGE = "RESOURCE_EXHAUSTED: Out of memory allocating 123456789 bytes."


def sweep():
    """Six networks in blocks of two, enough for two devices; of the shapes of torture.sweeps."""
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

    def __init__(self, call, fails, message):
        self.call, self.fails, self.message = call, fails, message
        self.n_calls = 0

    def __call__(self, *arguments):
        self.n_calls += 1
        if self.fails(self.n_calls):
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
    monkeypatch.setattr(jax, "clear_caches", lambda: None)

    def fail(part, fails, message=MESSAGE):
        if part == "evaluate":
            told.part = Failing(result_commit.evaluate, fails, message)
            monkeypatch.setattr(result_commit, "evaluate", told.part)
            return told
        parts = {}

        def failing_trainer(static, lane_width):
            trainer = make(static, lane_width)
            told.part = parts.setdefault(part, Failing(getattr(trainer, part), fails, message))
            return trainer._replace(**{part: told.part})

        failing_trainer.cache_clear = lambda: None
        monkeypatch.setattr(population, "make_trainer", failing_trainer)
        return told

    return fail


CALLS = [("chunk", 9)]
MORE_CALLS = [("evaluate", 1), ("init", 2), ("chunk", 1), ("progress", 3), ("evaluate", 4)]


@pytest.mark.parametrize(
    ("part", "call"),
    [*CALLS, *(pytest.param(*each, marks=pytest.mark.slow) for each in MORE_CALLS)],
)
def test_too_much_at_once_is_less_at_once_and_no_other_bit(part, call, failing, whole, tmp_path):
    told, recorder = failing(part, lambda n: n == call), Recorder()
    gj.train(sweep(), tmp_path / "run", [recorder], checkpoint_every_s=0)
    assert told.part.n_calls > call
    (warning,) = recorder.warnings
    assert "out of device memory" in warning
    assert "123 MB requested" in warning
    assert "Results stay the same" in warning
    assert promised(tmp_path / "run") == promised(whole)
    verify(tmp_path / "run")
    if (part, call) == ("chunk", 9):
        assert recorder.of(NetworkResumed), "no network was resumed from its checkpoint"


@pytest.mark.slow
def test_two_shortages_at_the_same_time_are_told_once(failing, whole, tmp_path):
    both, failed = threading.Barrier(2, timeout=600), set()

    def once_on_each_device(n):
        if len(failed) == 2 or threading.get_ident() in failed:
            return False
        both.wait()  # both have begun: neither is alone
        failed.add(threading.get_ident())
        return True

    recorder = Recorder()
    failing("chunk", once_on_each_device)
    gj.train(sweep(), tmp_path / "run", [recorder], checkpoint_every_s=0)
    assert len(failed) == 2
    assert len(recorder.warnings) == 1
    assert promised(tmp_path / "run") == promised(whole)


def test_other_errors_of_a_device_are_not_taken_for_it(failing, tmp_path):
    recorder = Recorder()
    failing("chunk", lambda n: n == 2, "INTERNAL: a bug")
    with pytest.raises(jax.errors.JaxRuntimeError, match="a bug"):
        gj.train(sweep(), tmp_path / "run", [recorder])
    assert not recorder.warnings


@pytest.mark.parametrize("part", ["chunk", pytest.param("evaluate", marks=pytest.mark.slow)])
def test_what_does_not_fit_alone_ends_the_run_with_all_saved(part, failing, whole, tmp_path):
    folder, memory = tmp_path / "run", SimpleNamespace(is_small=True)
    failing(part, lambda n: memory.is_small and n > 4)
    with pytest.raises(MemoryShortageError) as caught:
        gj.train(sweep(), folder, checkpoint_every_s=0)
    (problem,) = caught.value.problems
    assert caught.value.exit_code == 74
    assert "123 MB requested" in problem.message
    if part == "chunk":
        assert "2 networks at once (lane width 2)" in problem.message
        assert "Ng=24" in problem.message
        assert "--set gridjax.lane_width=1" in problem.fix
    else:
        assert "out of device memory in evaluating" in problem.message
        assert "gridjax.evaluation.batch_size" in problem.fix
    assert steps_kept(folder, N_STEPS) > 0
    verify(folder)
    memory.is_small = False
    gj.train(sweep(), folder)
    assert promised(folder) == promised(whole)


def test_scarce_memory_is_used_by_one_at_a_time_and_plenty_by_all():
    turns, never = Turns(), threading.Event()
    devices = [SimpleNamespace(platform="cpu", id=number) for number in range(4)]
    inside, most, alone = [], [], []

    def use(device):
        with turns.turn(device, never) as is_alone:
            inside.append(device.id)
            most.append(len(inside))
            alone.append(is_alone)
            time.sleep(0.05)
            inside.remove(device.id)

    def use_all():
        del most[:], alone[:]
        threads = [threading.Thread(target=use, args=[device]) for device in devices]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    use_all()
    assert max(most) > 1
    assert not any(alone)
    assert turns.find_scarce(devices[1])
    assert not turns.find_scarce(devices[2])
    use_all()
    assert max(most) == 1
    assert all(alone)


def test_the_memory_of_one_accelerator_is_not_that_of_another():
    turns = Turns()
    one, other = (SimpleNamespace(platform="gpu", id=number) for number in range(2))
    turns.find_scarce(one)
    assert turns.is_scarce(one)
    assert not turns.is_scarce(other)
    waited, stop = [], threading.Event()

    def meanwhile():
        waited.append(1)
        stop.set()

    with (
        turns.turn(one, stop) as first,
        turns.turn(other, stop) as beside,
        turns.turn(one, stop, meanwhile) as second,  # asked to stop, it waits no longer
    ):
        assert (first, beside, second) == (True, False, False)
    assert waited


def test_trained_networks_wait_until_there_is_room():
    put, stop = [], threading.Event()

    def group(n):
        return SimpleNamespace(
            trainees=[None] * n,
            save=lambda: put.append("saved"),
            save_if_due=lambda: put.append("due"),
        )

    waiting = Waiting(3, 1)
    waiting.put(group(2), stop)
    waiting.put(group(1), stop)

    def late():
        waiting.put(group(1), stop)
        put.append("in")

    thread = threading.Thread(target=late)
    thread.start()
    time.sleep(0.3)
    assert set(put) == {"due"}
    assert len(waiting.get().trainees) == 2
    thread.join(5)
    assert put[-1] == "in"
    waiting.lift_bound()
    waiting.put(group(9), stop)
    stop.set()
    waiting.put(group(1), stop)
    assert put[-1] == "saved"
    waiting.end()
    assert not waiting.is_over
    for _ in range(3):
        waiting.get()
    assert waiting.is_over
    assert waiting.get() is None


def test_what_was_asked_for_is_told_in_words():
    texts = {
        "Out of memory allocating 123456789 bytes.": "123 MB requested",
        "Out of memory while trying to allocate 12.50GiB.": "12.50 GiB requested",
        "nothing of it": "unknown amount",
    }
    assert {text: asked_for(f"RESOURCE_EXHAUSTED: {text}") for text in texts} == texts
    assert not is_exhausted(MemoryError("RESOURCE_EXHAUSTED"))
    assert is_exhausted(jax.errors.JaxRuntimeError(MESSAGE))
