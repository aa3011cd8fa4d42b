"""The queue of blocks to train, ordered so that few workers compile the same programs."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterable

from gridjax.run.planning.blocks import Block
from gridjax.spec.lowering import StaticConfig

_Shape = tuple[StaticConfig, int]


class BlockQueue:
    """Blocks by their shape. The results of a block do not depend on the worker that takes it.

    A worker first takes blocks of a shape that it has compiled, then of a shape that no worker has
    compiled, then of any shape with at least two blocks left, then any block.
    """

    def __init__(self, blocks: Iterable[Block]):
        self._waiting: dict[_Shape, list[Block]] = {}
        for block in blocks:
            self._waiting.setdefault((block.static, block.lane_width), []).append(block)
        self._owners: dict[_Shape, set[Hashable]] = {}
        self._lock = threading.Lock()

    def take(self, worker: Hashable) -> Block | None:
        """Remove and return the next block for a worker; None if no block is left."""
        with self._lock:
            left = {shape: sum(map(_flop, own)) for shape, own in self._waiting.items() if own}
            mine = [shape for shape in left if worker in self._owners.get(shape, ())]
            free = [shape for shape in left if shape not in self._owners]
            long = [shape for shape in left if len(self._waiting[shape]) > 1]
            candidates = mine or free or long or list(left)
            if not candidates:
                return None
            shape = max(candidates, key=left.__getitem__)
            self._owners.setdefault(shape, set()).add(worker)
            return self._waiting[shape].pop(0)

    def give_back(self, block: Block) -> None:
        """Return a block that is not finished; it is the next one of its shape."""
        with self._lock:
            self._waiting.setdefault((block.static, block.lane_width), []).insert(0, block)


def _flop(block: Block) -> int:
    return block.flop
