"""The actors of a run as its own process sees them: their number, replies and silence."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from gridjax.run.execution.child_process import Message

SILENT_S = 60.0
"""Seconds after which an actor that does not answer is taken for dead."""
_RETRY_S = 0.5
_FIT_S = 2.0
"""Seconds between two comparisons of the number of actors with the resources of the cluster."""
_PATIENCE_S, _LONGEST_PATIENCE_S = 1.0, 10.0
_EXCHANGES_PER_S = 100.0
"""Exchanges with all actors together; more actors wait longer with their events."""
_CLOSE_S = 10.0


@dataclass(eq=False)
class Actor:
    """One actor; the cluster may start it again elsewhere after its process or node has died."""

    handle: Any
    reply: Message = field(default_factory=dict)
    """the last reply of its current process; empty before the first one"""
    number: int = 0
    """number of the last order"""
    order: Message | None = None
    """the last order"""
    asked: Any = None
    """the exchange that is not answered yet"""
    asked_at: float = 0.0
    """earliest time of the next exchange"""
    heard_at: float = 0.0
    """time of the last reply"""
    has_died: bool = False
    """whether its process has died before"""
    failure: str = ""
    """why it cannot start"""

    @property
    def is_started(self) -> bool:
        """Whether the worker process of the actor can take a block."""
        return "ready" in (self.reply.get("start") or {}) and bool(self.reply.get("sees_folder"))

    @property
    def name(self) -> str:
        """Host and process, for messages."""
        return f"{self.reply.get('host', 'a host')} (process {self.reply.get('pid', 'unknown')})"

    def give(self, order: Message) -> None:
        """Send an order with the next exchange."""
        self.number += 1
        self.order = order


class Actors:
    """The actors of a run."""

    def __init__(self, ray: Any, remote: Callable[[], Any], resource: str, limit: int | None):
        """``remote`` creates an actor, which needs one unit of ``resource`` (CPU or GPU).

        ``limit`` is the largest number of actors that run blocks; None: one for each unit of the
        resource that the cluster has.
        """
        self._ray, self._remote = ray, remote
        self._resource, self._limit = resource, limit
        self._actors: list[Actor] = []
        self._fit_at = 0.0
        self._turned_at = time.monotonic()

    def __len__(self) -> int:
        return len(self._actors)

    def __iter__(self):
        return iter(tuple(self._actors))

    @property
    def n_places(self) -> int:
        """Number of actors that the cluster has room for."""
        return int(self._ray.cluster_resources().get(self._resource, 0))

    def fit(self, n_wanted: int, idle: Callable[[Actor], bool], n_unusable: int) -> None:
        """Start actors if the cluster has room for them; end idle actors that are not needed.

        An unusable actor stays: it keeps its place from being used again.

        Args:
            n_wanted: number of actors that could work.
            idle: returns whether an actor has nothing to do.
            n_unusable: number of actors that must not get blocks.
        """
        now = time.monotonic()
        if now < self._fit_at:
            return
        self._fit_at = now + _FIT_S
        most = self.n_places if self._limit is None else self._limit + n_unusable
        n_wanted = min(most, n_wanted + n_unusable)
        while len(self._actors) < n_wanted:
            self._actors.append(Actor(self._remote()))
        for actor in [each for each in self._actors if idle(each)][: len(self) - n_wanted]:
            self.remove(actor)

    def turn(self, timeout_s: float) -> list[tuple[Actor, Message | None]]:
        """Ask all actors for news; return the replies that arrive within some seconds.

        None in place of a reply means that the process of the actor has died or is silent; what it
        was doing is lost. A silent actor is removed.
        """
        self._ask()
        asked = {actor.asked: actor for actor in self._actors if actor.asked is not None}
        if not asked:
            time.sleep(timeout_s)
            return []
        references = list(asked)
        ready, _ = self._ray.wait(references, timeout=timeout_s)
        if ready:
            ready, _ = self._ray.wait(references, num_returns=len(references), timeout=0)
        found = [(asked[reference], self._reply(asked[reference])) for reference in ready]
        return [*(each for each in found if each[1] != {}), *self._silent()]

    def ask_to_stop(self) -> None:
        """Request that all worker processes save their networks."""
        for actor in self._actors:
            actor.handle.ask_to_stop.remote()

    def remove(self, actor: Actor) -> None:
        """End an actor for ever."""
        if actor in self._actors:
            self._actors.remove(actor)
        with suppress(Exception):
            self._ray.kill(actor.handle)

    def close(self) -> None:
        """End all actors and their worker processes."""
        with suppress(Exception):
            closing = [actor.handle.close.remote() for actor in self._actors if actor.reply]
            if closing:
                self._ray.wait(closing, num_returns=len(closing), timeout=_CLOSE_S)
        for actor in tuple(self._actors):
            self.remove(actor)

    def _ask(self) -> None:
        now = time.monotonic()
        patience_s = min(max(len(self) / _EXCHANGES_PER_S, _PATIENCE_S), _LONGEST_PATIENCE_S)
        for actor in self._actors:
            if actor.asked is None and now >= actor.asked_at and not actor.failure:
                is_confirmed = actor.reply.get("order", 0) >= actor.number
                order = None if is_confirmed else actor.order
                actor.asked = actor.handle.exchange.remote(actor.number, order, patience_s)

    def _reply(self, actor: Actor) -> Message | None:
        """Return the reply of an actor, None if what it was doing is lost, or {} to ask again."""
        errors = self._ray.exceptions
        asked, actor.asked = actor.asked, None
        try:
            reply = self._ray.get(asked)
        except errors.ActorUnavailableError:
            actor.asked_at = time.monotonic() + _RETRY_S
            return {}
        except errors.RayActorError as error:
            return self._after_death(actor, error)
        last, actor.reply, actor.heard_at = actor.reply, reply, time.monotonic()
        if last and last["incarnation"] != reply["incarnation"]:
            actor.order, actor.number = None, 0
            return None
        return reply

    def _after_death(self, actor: Actor, error: Any) -> Message | None:
        """Prepare an actor whose process has died for its restart; remove it if there is none."""
        if error.actor_init_failed:
            actor.failure = next(iter(str(error).strip().splitlines()[::-1]), "it failed")
        elif actor.has_died and not actor.reply:  # died twice without a reply in between
            self.remove(actor)
        actor.reply, actor.order, actor.number, actor.has_died = {}, None, 0, True
        actor.asked_at = time.monotonic() + _RETRY_S
        return None

    def _silent(self) -> list[tuple[Actor, Message | None]]:
        """Remove the actors that were heard before and are silent now; return them."""
        now = time.monotonic()
        if now - self._turned_at > SILENT_S / 4:  # this process itself was stopped
            for actor in self._actors:
                actor.heard_at = now
        self._turned_at = now
        silent = [each for each in self if each.reply and now - each.heard_at > SILENT_S]
        for actor in silent:
            self.remove(actor)
        return [(actor, None) for actor in silent]


def cpu_or_gpu(resources: Mapping[str, float], platforms: str) -> str:
    """Return the resource of which each actor needs one: GPU if the cluster has any, else CPU.

    ``platforms`` is the variable JAX_PLATFORMS of this process: ``cuda`` means GPU, also if the
    cluster has none yet, and ``cpu`` means CPU.
    """
    first = platforms.split(",")[0].strip().lower()
    if first in ("cuda", "gpu"):
        return "GPU"
    return "GPU" if resources.get("GPU", 0) >= 1 and first != "cpu" else "CPU"
