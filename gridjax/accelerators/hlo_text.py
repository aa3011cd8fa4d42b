"""Text of a compiled program (XLA's HLO): its computations, and their instructions with shapes.

A program is a list of computations. A fusion, a loop, a branch and a call name the computations
that they run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod

_BITS = {"pred": 8, "token": 0, "bf16": 16}
"""Bits of the types whose name is not one letter and the number of bits, as in f32."""
_HEAD = re.compile(r"^(ENTRY )?%?([\w.\-]+) .*\{$")
_INSTRUCTION = re.compile(r"^(ROOT )?%?([\w.\-]+) = ")
_OPCODE = re.compile(r" *([a-z][\w\-]*)\(")
_ARRAY = re.compile(r"\b([a-z]+\d*\w*)\[([\d,<=]*)\](\{[^{}]*\})?")
_OPERAND = re.compile(r"%([\w.\-]+)")
_COMMENT = re.compile(r"/\*.*?\*/")
_CALLED = re.compile(
    r"\b(?:calls|to_apply|branch_computations|true_computation|"
    r"false_computation|called_computations)=\{?((?:%?[\w.\-]+(?:, ?)?)+)\}?"
)


@dataclass(frozen=True)
class Shape:
    """Type and sizes of an array."""

    dtype: str
    """name of the type in HLO: f32, bf16, s32, pred"""
    dims: tuple[int, ...]
    is_on_chip: bool = False
    """whether the array is in the on-chip memory of a TPU, memory space 1"""

    @property
    def n_elements(self) -> int:
        """Number of elements."""
        return prod(self.dims)

    @property
    def n_bytes(self) -> float:
        """Bytes of the elements, without padding of the layout."""
        return self.n_elements * _bits(self.dtype) / 8


@dataclass(frozen=True)
class Instruction:
    """One instruction of a computation."""

    name: str
    opcode: str
    shapes: tuple[Shape, ...]
    """arrays of the result: one array, or the elements of a tuple"""
    operands: tuple[str, ...]
    """names of instructions of the same computation"""
    attributes: str
    """the rest of the line"""
    is_root: bool
    argument: str = ""
    """text between the brackets after the opcode"""

    @cached_property
    def called(self) -> tuple[str, ...]:
        """Names of the computations that the instruction calls, except those of a loop."""
        found = _CALLED.findall(self.attributes)
        return tuple(name for names in found for name in re.findall(r"[\w.\-]+", names))

    def attribute(self, pattern: str) -> str | None:
        """Return the first group of a regular expression in the attributes; None if not found."""
        found = re.search(pattern, self.attributes)
        return found.group(1) if found else None


Computation = tuple[Instruction, ...]


@dataclass(frozen=True)
class Program:
    """The computations of a compiled program, by name."""

    computations: Mapping[str, Computation]
    entry: str


def parse(text: str) -> Program:
    """Return the computations in the text of a compiled program (``compiled.as_text()``)."""
    found: dict[str, list[Instruction]] = {}
    name = entry = ""
    for line in text.splitlines():
        if line.startswith("}"):
            name = ""
        elif name:
            instruction = _instruction(_COMMENT.sub("", line).strip())
            if instruction is not None:
                found[name].append(instruction)
        elif (head := _HEAD.match(line)) and "(" in line and not line.startswith("HloModule"):
            name = head.group(2)
            found[name] = []
            entry = name if head.group(1) else entry
    return Program({name: tuple(each) for name, each in found.items()}, entry)


def shapes_in(text: str) -> tuple[Shape, ...]:
    """Return the arrays in the text of a type: ``f32[2,3]{1,0}`` or a tuple of such types."""
    return tuple(
        Shape(dtype, _dims(dims), "S(1)" in (layout or ""))
        for dtype, dims, layout in _ARRAY.findall(text)
    )


def _instruction(line: str) -> Instruction | None:
    head = _INSTRUCTION.match(line)
    if head is None:
        return None
    start = head.end()
    end = _closing(line, start) + 1 if line[start] == "(" else line.find(" ", start)
    opcode = _OPCODE.match(line, end)
    if opcode is None:
        return None
    last = _closing(line, opcode.end() - 1)
    argument = line[opcode.end() : last]
    return Instruction(
        name=head.group(2),
        opcode=opcode.group(1),
        shapes=shapes_in(line[start:end]),
        operands=tuple(_OPERAND.findall(argument)),
        attributes=line[last + 1 :],
        is_root=head.group(1) is not None,
        argument=argument,
    )


def _closing(line: str, start: int) -> int:
    """Return the index of the bracket that closes the one at ``start``."""
    depth = 0
    for match in re.compile(r"[()]").finditer(line, start):
        depth += 1 if match.group() == "(" else -1
        if depth == 0:
            return match.start()
    return len(line)


def _dims(text: str) -> tuple[int, ...]:
    return tuple(int(size.lstrip("<=")) for size in text.split(",") if size)


def _bits(dtype: str) -> int:
    if dtype in _BITS:
        return _BITS[dtype]
    found = re.match(r"[a-z]+(\d+)", dtype)
    return int(found.group(1)) if found else 0
