"""The actors of a Ray cluster, with a module of Ray that the tests play themselves."""

from types import SimpleNamespace

import pytest

from gridjax.run.execution.ray_cluster import actors as actors_module
from gridjax.run.execution.ray_cluster.actors import Actors, cpu_or_gpu


class PlayedHandle:
    """The handle of an actor, and the reference of each exchange with it."""

    def __init__(self):
        self.asked, self.exchange = [], SimpleNamespace(remote=self.ask)

    def ask(self, *asked):
        self.asked.append(asked)
        return self


class PlayedRay:
    """A module of Ray with actors that reply what the test says, or raise an error."""

    class RayActorError(Exception):
        actor_init_failed = False

    class ActorUnavailableError(RayActorError):
        pass

    def __init__(self, n_cpus):
        self.exceptions, self.n_cpus, self.replies, self.killed = self, n_cpus, {}, []

    def cluster_resources(self):
        return {"CPU": float(self.n_cpus)}

    def remote(self):
        return PlayedHandle()

    def wait(self, references, num_returns=1, timeout=None):
        return [each for each in references if id(each) in self.replies], []

    def get(self, handle):
        reply = self.replies.pop(id(handle))
        if isinstance(reply, Exception):
            raise reply
        return reply

    def kill(self, handle):
        self.killed.append(handle)


@pytest.fixture
def clock(monkeypatch):
    """The time of the module of actors, which passes only when the test says so."""
    times = SimpleNamespace(now=1000.0)
    fake = SimpleNamespace(monotonic=lambda: times.now, sleep=lambda seconds: None)
    monkeypatch.setattr(actors_module, "time", fake)
    return times


def reply(incarnation="a", order=0):
    return {"incarnation": incarnation, "order": order, "node": "n", "events": []}


def started(ray, limit=None, n_wanted=9):
    pool = Actors(ray, ray.remote, "CPU", limit)
    pool.fit(n_wanted, lambda actor: True, 0)
    return pool


def test_there_are_as_many_actors_as_places_blocks_and_the_limit_allow(clock):
    ray = PlayedRay(4)
    assert len(started(ray)) == 4
    assert len(started(ray, n_wanted=3)) == 3
    assert len(started(ray, limit=2)) == 2
    pool = started(ray)
    ray.n_cpus = 6  # a node joins
    pool.fit(9, lambda actor: False, 0)
    assert len(pool) == 4  # too soon
    clock.now += 5
    pool.fit(9, lambda actor: False, 0)
    assert len(pool) == 6
    clock.now += 5
    pool.fit(1, lambda actor: True, 1)  # one must not work, and keeps its place
    assert len(pool) == 2
    assert len(ray.killed) == 4


def test_an_order_is_repeated_until_it_is_confirmed(clock):
    ray = PlayedRay(1)
    (actor,) = pool = started(ray)
    actor.give({"block": 1})
    for confirmed in (0, 1, 1):
        pool.turn(0)
        ray.replies[id(actor.handle)] = reply(order=confirmed)
        ((_, found),) = pool.turn(0)
        assert found["order"] == confirmed
    assert [order for _, order, _ in actor.handle.asked] == [{"block": 1}, {"block": 1}, None]


def test_an_actor_that_was_started_again_has_lost_its_block(clock):
    ray = PlayedRay(1)
    (actor,) = pool = started(ray)
    pool.turn(0)
    ray.replies[id(actor.handle)] = reply("a")
    assert pool.turn(0)[0][1] is not None
    for error in (ray.ActorUnavailableError(), ray.ActorUnavailableError()):
        pool.turn(0)
        ray.replies[id(actor.handle)] = error
        assert pool.turn(0) == []  # it may still be alive
        clock.now += 1
    pool.turn(0)
    ray.replies[id(actor.handle)] = reply("b")
    assert pool.turn(0) == [(actor, None)]
    assert (actor.number, actor.order) == (0, None)


def test_an_actor_that_is_silent_is_removed_but_not_after_a_pause_of_this_process(clock):
    ray = PlayedRay(1)
    (actor,) = pool = started(ray)
    for _ in range(100):  # it waits for a place in the cluster
        clock.now += 10
        assert pool.turn(0) == []
    ray.replies[id(actor.handle)] = reply()
    pool.turn(0)
    clock.now += 10 * actors_module.SILENT_S  # this process was stopped
    assert pool.turn(0) == []
    while (found := pool.turn(0)) == []:
        clock.now += 10
        assert clock.now < 1e5
    assert found == [(actor, None)]
    assert (len(pool), ray.killed) == (0, [actor.handle])


def test_a_dead_actor_that_ray_does_not_start_again_is_replaced(clock):
    ray = PlayedRay(1)
    (actor,) = pool = started(ray)
    for _ in range(2):
        pool.turn(0)
        ray.replies[id(actor.handle)] = ray.RayActorError()
        assert pool.turn(0) == [(actor, None)]
        clock.now += 1
    assert len(pool) == 0


def test_a_cluster_with_cards_has_an_actor_for_each_card():
    assert cpu_or_gpu({"CPU": 64.0}, "") == "CPU"
    assert cpu_or_gpu({"CPU": 64.0, "GPU": 8.0}, "") == "GPU"
    assert cpu_or_gpu({"CPU": 64.0, "GPU": 8.0}, "cpu") == "CPU"
    assert cpu_or_gpu({}, "cuda,cpu") == "GPU"
