"""The blocks still to be trained, handed out so that few devices compile the same functions."""

from __future__ import annotations

import threading
from collections.abc import Callable

from gridjax.spec import NetworkSpec
from gridjax.study.plan import Bucket, flop_per_step
from gridjax.training.population import Device

STEAL_BLOCKS = 2
"""Blocks a bucket must have left before a second device compiles its functions too."""

Block = tuple[NetworkSpec, ...]


class BlockQueue:
    """The blocks of a plan that hold a network still missing.

    Which device trains a block changes no number, so a device takes blocks of the bucket it has
    compiled, then of one that nobody has, then of any that is long enough.
    """

    def __init__(self, buckets: tuple[Bucket, ...], is_missing: Callable[[NetworkSpec], bool]):
        self._buckets = buckets
        self._blocks = {
            index: [block for block in bucket.blocks if any(map(is_missing, block))]
            for index, bucket in enumerate(buckets)
        }
        self._owners: dict[int, set[Device]] = {}
        self._lock = threading.Lock()

    def take(self, device: Device) -> tuple[int, Block] | None:
        """Take a block and the index of its bucket; None where nothing is left for the device."""
        with self._lock:
            left = {index: self._work_left(index) for index in self._blocks if self._blocks[index]}
            mine = [index for index in left if device in self._owners.get(index, ())]
            free = [index for index in left if not self._owners.get(index)]
            long = [index for index in left if len(self._blocks[index]) >= STEAL_BLOCKS]
            candidates = mine or free or long
            if not candidates:
                return None
            index = max(candidates, key=left.__getitem__)
            self._owners.setdefault(index, set()).add(device)
            return index, self._blocks[index].pop(0)

    def _work_left(self, index: int) -> int:
        steps = sum(spec.n_grad_steps for block in self._blocks[index] for spec in block)
        return steps * flop_per_step(self._buckets[index].static)
