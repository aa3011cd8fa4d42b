"""Kernels and loops of a compiled program, and the work of its kernels, read from its text.

No device is needed: the program can be compiled for a card that is not attached.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gridjax.accelerators.arithmetic import operations
from gridjax.accelerators.hlo_text import Computation, Instruction, Program, parse
from gridjax.accelerators.traffic import bytes_moved

_QUIET = {
    *("parameter", "get-tuple-element", "tuple", "constant", "bitcast", "after-all", "iota"),
    *("fusion-done", "copy-done", "async-done", "slice-done", "async-update", "partition-id"),
    *("opt-barrier", "optimization-barrier"),
}
"""Instructions that start no kernel. They include the ends of asynchronous instructions; the starts
of these instructions are kernels."""
_QUIET_CALLS = {"AllocateBuffer", "ConcatBitcast", "AssumeGatherIndicesInBound"}
"""Calls of a TPU program that only name memory."""


@dataclass(frozen=True)
class Kernel:
    """One kernel that is launched, and its work."""

    name: str
    kind: str
    """opcode; for a fusion, how it is compiled; for a custom call, its target"""
    operations: Mapping[str, float]
    """kind of arithmetic (card_info) -> operations"""
    bytes_moved: float
    """bytes read and written"""


@dataclass(frozen=True)
class Loop:
    """A loop, or the entry of a program, which is a loop of one pass."""

    times: int | None
    """number of passes; None if it is not known when the program is compiled"""
    kernels: tuple[Kernel, ...] = ()
    """launched by one pass; kernels of inner loops are not included"""
    loops: tuple[Loop, ...] = field(default=())
    condition: tuple[Kernel, ...] = field(default=())
    """kernels of the loop's condition; empty if ``times`` is known"""

    def to_json(self) -> dict[str, Any]:
        """Numbers and kinds of kernels as JSON values."""
        kinds = Counter(kernel.kind for kernel in self.kernels)
        return {
            "times": self.times,
            "kernels": len(self.kernels),
            "kinds": dict(kinds),
            "loops": [loop.to_json() for loop in self.loops],
        }


@dataclass(frozen=True)
class Launches:
    """Kernels with the number of times that each is launched."""

    of: tuple[tuple[Kernel, float], ...]

    @property
    def n_kernels(self) -> float:
        """Number of launches."""
        return sum(times for _, times in self.of)

    @property
    def bytes_moved(self) -> float:
        """Bytes that all launches read and write."""
        return sum(kernel.bytes_moved * times for kernel, times in self.of)

    @property
    def operations(self) -> dict[str, float]:
        """Operations of all launches, by kind of arithmetic."""
        total: Counter[str] = Counter()
        for kernel, times in self.of:
            total.update({kind: n * times for kind, n in kernel.operations.items()})
        return dict(total)


def read_program(text: str) -> Loop:
    """Return the entry of a compiled program, with its kernels and inner loops.

    ``text`` is the result of ``jax.stages.Compiled.as_text()``. Of a conditional, only the branch
    that moves the most bytes is included.
    """
    program = parse(text)
    return _loop(program, program.entry, 1)


def launches(program: Loop, passes: float = 1) -> Launches:
    """Return all launches of a program.

    ``passes`` is the assumed number of passes of a loop with an unknown number of passes.
    """
    return Launches(tuple(_launches(program, passes, 1)))


def launches_per_step(chunk: Loop, n_ahead: int) -> Launches:
    """Return the launches of one gradient step of the program of a training chunk.

    The outer loop of a chunk has an unknown number of passes. Each of its passes draws the
    trajectories of ``n_ahead`` steps; its inner loop then makes one step in each pass. Therefore
    each launch in the outer loop counts as 1 / n_ahead launches.
    """
    outer = next((loop for loop in chunk.loops if loop.times is None), None)
    if outer is None:
        raise ValueError("the program is not a training chunk: it has no loop of unknown length")
    return Launches(tuple(_launches(outer, n_ahead, 1 / n_ahead)))


def _launches(loop: Loop, passes: float, times: float) -> Iterator[tuple[Kernel, float]]:
    """Yield the launches of one pass of a loop, each ``times`` times."""
    yield from ((kernel, times) for kernel in (*loop.kernels, *loop.condition))
    for inner in loop.loops:
        n_passes = passes if inner.times is None else inner.times
        yield from _launches(inner, passes, times * n_passes)


def _loop(
    program: Program, name: str, times: int | None, condition: tuple[Kernel, ...] = ()
) -> Loop:
    inside = program.computations.get(name, ())
    kernels: list[Kernel] = []
    loops: list[Loop] = []
    for each in inside:
        if each.opcode in _QUIET or _target(each) in _QUIET_CALLS:
            continue
        if each.opcode == "while":
            loops.append(_of_while(program, each))
        elif each.opcode == "conditional":
            branches = [_loop(program, branch, 1) for branch in each.called]
            loops.append(max(branches, key=lambda branch: launches(branch).bytes_moved))
        elif each.opcode == "call" or (each.opcode == "async-start" and _is_whole(each, program)):
            loops += [_loop(program, called, 1) for called in each.called]
        else:
            kernels.append(_kernel(program, inside, each))
    return Loop(times, tuple(kernels), tuple(loops), condition)


def _of_while(program: Program, loop: Instruction) -> Loop:
    body, condition = (loop.attribute(rf"{name}=%?([\w.\-]+)") for name in ("body", "condition"))
    known = loop.attribute(r'"known_trip_count":\{"n":"(\d+)"')
    assert body is not None
    if known is not None:
        return _loop(program, body, int(known))
    decides = _loop(program, condition, 1).kernels if condition else ()
    return _loop(program, body, None, decides)


def _is_whole(start: Instruction, program: Program) -> bool:
    """Return whether an asynchronous start runs a computation of kernels, not a single one."""
    return any(name in program.computations for name in start.called)


def _target(each: Instruction) -> str | None:
    return each.attribute(r'custom_call_target="([^"]+)"') if each.opcode == "custom-call" else None


def _kernel(program: Program, inside: Computation, each: Instruction) -> Kernel:
    kind = each.opcode
    if kind == "custom-call":
        kind = _target(each) or kind
    if kind == "fusion":
        kind = each.attribute(r'"kind":"(__\w+)"') or each.attribute(r"kind=(\w+)") or kind
    counted = operations(each, inside, program)
    return Kernel(each.name, kind, counted, bytes_moved(each, inside, program))
