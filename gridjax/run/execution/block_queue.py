"""The queue of untrained networks, ordered so that few devices compile the same functions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from gridjax.run.planning.plan import Bucket, flop_per_step
from gridjax.spec.network import NetworkSpec
from gridjax.training.population import Device

STEAL_BLOCKS = 2
"""Smallest number of remaining blocks for which a second device also compiles a bucket."""

Block = tuple[NetworkSpec, ...]


class BlockQueue:
    """The networks of a plan that still need training, by bucket, in the order of the bucket.

    The results of a network do not depend on its device or on the other networks of its block. A
    device first takes blocks of a bucket that it has compiled, then of a bucket that no device has
    compiled, then of any bucket with at least STEAL_BLOCKS blocks left. It takes more networks of
    the same bucket for lanes that become free.
    """

    def __init__(self, buckets: tuple[Bucket, ...], is_missing: Callable[[NetworkSpec], bool]):
        self._buckets = buckets
        self._waiting = {
            index: list(filter(is_missing, bucket.specs)) for index, bucket in enumerate(buckets)
        }
        self._owners: dict[int, set[Device]] = {}
        self._lock = threading.Lock()

    def take(self, device: Device) -> tuple[int, Block] | None:
        """Remove a block; return the index of its bucket and the block, None if no work is left."""
        with self._lock:
            left = {
                index: self._work_left(index) for index in self._waiting if self._waiting[index]
            }
            mine = [index for index in left if device in self._owners.get(index, ())]
            free = [index for index in left if not self._owners.get(index)]
            long = [index for index in left if self._blocks_left(index) >= STEAL_BLOCKS]
            candidates = mine or free or long
            if not candidates:
                return None
            index = max(candidates, key=left.__getitem__)
            self._owners.setdefault(index, set()).add(device)
            return index, self._next(index, self._buckets[index].lane_width)

    def more(self, index: int, n_lanes: int) -> Block:
        """Remove and return at most ``n_lanes`` further networks of a bucket."""
        with self._lock:
            return self._next(index, n_lanes)

    def put_back(self, index: int, specs: Iterable[NetworkSpec]) -> None:
        """Return networks to the queue after their training had to stop."""
        with self._lock:
            waiting = [*specs, *self._waiting[index]]
            self._waiting[index] = sorted(waiting, key=lambda spec: -spec.n_grad_steps)

    def _next(self, index: int, n: int) -> Block:
        taken = tuple(self._waiting[index][:n])
        del self._waiting[index][:n]
        return taken

    def _blocks_left(self, index: int) -> int:
        return -(-len(self._waiting[index]) // self._buckets[index].lane_width)

    def _work_left(self, index: int) -> int:
        steps = sum(spec.n_grad_steps for spec in self._waiting[index])
        return steps * flop_per_step(self._buckets[index].static)
