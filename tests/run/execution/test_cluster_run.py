"""The engine on a Ray cluster, with actors and a module of Ray that the tests play themselves."""

import sys

import pytest
from commands import in_this_process
from tiny import CARTESIAN, Recorder, sweep_content, write_sweep

import gridjax as gj
from gridjax.callbacks import BlockFinished, CallbackList, CheckpointSaved, Stopped
from gridjax.errors import GridjaxError, MemoryShortageError, Problem, StorageError
from gridjax.run.checkpointing.block_checkpointer import CheckpointPolicy
from gridjax.run.execution import messages
from gridjax.run.execution.ray_cluster.actors import Actor
from gridjax.run.execution.ray_cluster.cluster_run import MOST_LOSSES, MOST_SHORTAGES, ClusterRun
from gridjax.run.planning.blocks import missing_blocks
from gridjax.run.planning.plan import make_plan
from gridjax.run.storage.run_folder import SHARDS
from gridjax.run.worker.job import Job
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.settings.run_settings import Settings

N_BLOCKS = 5
DONE, FULL = "done", messages.message_of_error(StorageError(Problem("no space is left")))
SHORT = messages.message_of_error(MemoryShortageError(Problem("too little memory")))


class Played(list):
    """Actors that answer each order at once, as ``answer(actor, order)`` says; None is a loss."""

    def __init__(self, n_actors, answer):
        super().__init__(Actor(None) for _ in range(n_actors))
        self.answer, self.orders, self.n_stops = answer, [], 0
        self.n_places = n_actors
        for number, actor in enumerate(self):
            actor.reply = {
                **{"incarnation": f"{number}", "host": f"host {number}", "pid": number},
                **{"node": f"node {number}", "start": {"ready": {"device": f"kind {number}"}}},
                **{"sees_folder": True, "order": 0, "answer": None, "events": []},
            }

    def fit(self, n_wanted, idle, n_unusable):
        """Do nothing: the number of actors is that of the test."""

    def ask_to_stop(self):
        self.n_stops += 1

    def turn(self, timeout_s):
        replies = []
        for actor in self:
            if actor.order is not None and actor.reply["order"] < actor.number:
                self.orders.append((actor.reply["host"], actor.order))
                replies.append((actor, self._reply(actor)))
        return replies

    def _reply(self, actor):
        events, answer = [], self.answer(actor, actor.order)
        if answer is None:
            actor.order, actor.number = None, 0
            return None
        if isinstance(answer, tuple):
            events, answer = answer
        if answer == DONE:
            name = name_of(actor.order)
            (self.folder / SHARDS / name).mkdir(parents=True)
            events, answer = [BlockFinished(name, 1, 1.0, 1.0, 1.0)], {"done": name}
        told = [messages.message_of_event(event) for event in events]
        actor.reply |= {"order": actor.number, "answer": answer, "events": told}
        return actor.reply


def name_of(order):
    return messages.block_of(order, False, {}).name


@pytest.fixture
def play(tmp_path):
    """Run the blocks of five networks; return the actors and what the run reported."""

    def run(n_actors, answer, admit=lambda worker: 0, recorder=None):
        specs = [NetworkSpec(seed=seed) for seed in range(N_BLOCKS)]
        blocks = missing_blocks(make_plan(specs, lane_width=1), set())
        job = Job(tmp_path, Settings(), CheckpointPolicy())
        played, recorder = Played(n_actors, answer), recorder or Recorder()
        played.folder = tmp_path
        run.played, run.recorder = played, recorder
        ClusterRun(played, job, blocks, admit, CallbackList([recorder])).run()
        assert {event.block for event in recorder.of(BlockFinished)} == {b.name for b in blocks}
        return played, recorder

    return run


def test_every_block_is_given_once_to_one_of_the_actors(play):
    played, recorder = play(2, lambda actor, order: DONE)
    given = [name_of(order) for _, order in played.orders]
    assert len(given) == len(set(given)) == N_BLOCKS
    assert {host for host, _ in played.orders} == {"host 0", "host 1"}
    assert recorder.warnings == []


def test_a_lost_block_is_given_again_under_a_later_name_of_its_attempt(play):
    lost = []

    def answer(actor, order):
        if len(lost) < 2:
            lost.append((name_of(order), order["attempt"]))
            return None
        return DONE

    played, recorder = play(1, answer)
    again = [order["attempt"] for _, order in played.orders if name_of(order) == lost[0][0]]
    assert len(again) == 3
    assert again == sorted(set(again))
    assert [len(name) for name in again] == [8, 8, 8]
    assert len(recorder.warnings) == 2
    assert all("continues from its last checkpoint" in text for text in recorder.warnings)


def test_a_host_whose_disk_is_full_gives_its_block_back_and_gets_no_other(play):
    played, recorder = play(2, lambda actor, _: FULL if actor.reply["pid"] == 0 else DONE)
    assert [host for host, _ in played.orders].count("host 0") == 1
    (line,) = recorder.warnings
    assert line.startswith("host 0 is not used any more")
    assert "no space is left" in line


def test_the_run_ends_if_every_disk_is_full(play):
    with pytest.raises(StorageError, match="no space is left"):
        play(2, lambda actor, order: FULL)


def test_a_refused_worker_gets_no_block_and_an_accepted_one_has_its_segment(play):
    def admit(worker):
        if worker["device"] == "kind 1":
            raise GridjaxError(Problem("another kind", fix="--accept device"))
        return {"kind 0": 0, "kind 2": 7}[worker["device"]]

    played, recorder = play(3, lambda actor, order: DONE, admit)
    segments = {host: order["job"]["policy"]["segment"] for host, order in played.orders}
    assert segments == {"host 0": 0, "host 2": 7}
    (line,) = recorder.warnings
    assert line == "host 1 is not used: another kind (--accept device)"


def test_a_block_that_is_lost_again_and_again_ends_the_run(play):
    with pytest.raises(MemoryShortageError, match=f"lost {MOST_LOSSES} times in a row"):
        play(1, lambda actor, order: {"ended": -9})
    assert len(play.played.orders) <= N_BLOCKS * MOST_LOSSES


def test_a_checkpoint_in_between_starts_the_count_of_losses_again(play):
    def answer(actor, order):
        lost.append(order)
        if len(lost) > 3 * MOST_LOSSES:
            return DONE
        return [CheckpointSaved(("a" * 16,), (len(lost),))], {"ended": -9}

    lost = []
    play(1, answer)


def test_a_block_without_memory_gets_a_new_process_once(play):
    with pytest.raises(MemoryShortageError, match="too little memory"):
        play(1, lambda actor, order: SHORT)
    names = [name_of(order) for _, order in play.played.orders]
    assert max(map(names.count, names)) == MOST_SHORTAGES


def test_a_stop_waits_for_the_answers_of_all_workers(play):
    class Stopping(Recorder):
        def on_event(self, event):
            super().on_event(event)
            if isinstance(event, BlockFinished):
                raise Stopped("a test")

    with pytest.raises(Stopped):
        play(2, lambda actor, order: DONE, recorder=Stopping())
    assert play.played.n_stops == 1
    assert len(play.recorder.of(BlockFinished)) == 1  # a callback that raised receives no more
    assert len(play.played.orders) == 2


def test_without_ray_one_line_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    file = write_sweep(tmp_path, "sweep.yaml", sweep_content(**CARTESIAN))
    done = in_this_process(tmp_path, "sweep", file, "--out", "run", "--engine", "ray")
    assert done.returncode == 2
    assert "pip install 'gridjax[ray]'" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "run" / "manifest.json").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "rey"}, "--engine rey is unknown\n    .*ray"),
        ({"address": "auto"}, "--address auto needs --engine ray"),
        ({"engine": "ray", "part": "1/2"}, "--part 1/2 and --engine ray"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options, message, tmp_path):
    sweep = gj.Sweep.from_dict(sweep_content(**CARTESIAN))
    with pytest.raises(GridjaxError, match=message):
        gj.train(sweep, tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()
