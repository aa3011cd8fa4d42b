"""Arithmetic of an instruction of a compiled program, by the kind of arithmetic.

The program is counted after all optimisations. A product of [m, k] and [k, n] takes 2 m k n
operations. A reduction takes one operation for each element that it reads. A sort of n elements
takes n log2(n) operations. Every other instruction that computes takes one operation for each
element of its result. Instructions that only move or rename data take no operations.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping

from gridjax.accelerators.card_info import BF16, FLOAT32, FLOAT64, TF32, VECTOR
from gridjax.accelerators.hlo_text import Computation, Instruction, Program, Shape

_MOVES = {
    *("parameter", "constant", "iota", "get-tuple-element", "tuple", "bitcast", "bitcast-convert"),
    *("reshape", "broadcast", "transpose", "copy", "slice", "dynamic-slice", "concatenate", "pad"),
    *("dynamic-update-slice", "gather", "reverse", "after-all", "copy-start", "copy-done"),
    *("partition-id", "custom-call", "convert", "optimization-barrier", "async-done", "scatter"),
    *("slice-start", "slice-done", "rng-get-and-update-state", "send", "recv", "infeed", "outfeed"),
}
"""Instructions without arithmetic. The additions of a scatter are not counted."""
_GEMMS = ("__cublas$gemm", "__cublas$lt$matmul")
_RECURRENCE = re.compile(r'name = "recurrence_(?:forward|backward)_(\w+)"')
"""The kernels of gridjax.model.fused_recurrence, with the precision of their products."""


def operations(
    instruction: Instruction, inside: Computation, program: Program
) -> Mapping[str, float]:
    """Return the operations of one instruction and its called computations, by kind of arithmetic.

    Args:
        instruction: any instruction that is not a loop or a branch.
        inside: the computation that contains it, for the shapes of its operands.
        program: the whole program, for the computations of fusions.
    """
    opcode = instruction.opcode
    if opcode == "dot":
        return _of_dot(instruction, inside)
    if opcode == "convolution":
        return _of_convolution(instruction, inside)
    if opcode == "custom-call" and any(gemm in instruction.attributes for gemm in _GEMMS):
        return _of_gemm(instruction, inside)
    if opcode == "custom-call" and (found := _RECURRENCE.search(instruction.attributes)):
        return {found.group(1): _of_recurrence(instruction, inside)}
    if opcode in ("fusion", "fusion-start", "call", "async-start"):
        total: Counter[str] = Counter()
        for name in instruction.called:
            called = program.computations.get(name, ())
            for each in called:
                total.update(operations(each, called, program))
        return total
    if opcode in _MOVES:
        return {}
    if opcode in ("reduce", "reduce-window"):
        return {VECTOR: _elements(instruction.operands[:1], inside)}
    n_elements = max((shape.n_elements for shape in instruction.shapes), default=0)
    if opcode == "sort":
        return {VECTOR: n_elements * math.log2(max(2, n_elements))}
    return {VECTOR: float(n_elements)}


def shapes_of(name: str, inside: Computation) -> tuple[Shape, ...]:
    """Return the shapes of the result of an instruction of a computation; none if unknown."""
    return next((each.shapes for each in inside if each.name == name), ())


def _elements(names: tuple[str, ...], inside: Computation) -> float:
    return float(sum(s.n_elements for name in names for s in shapes_of(name, inside)))


def _of_dot(dot: Instruction, inside: Computation) -> dict[str, float]:
    (lhs,) = shapes_of(dot.operands[0], inside)
    contracted = _numbers(dot.attribute(r"lhs_contracting_dims=\{([\d,]*)\}"))
    terms = math.prod(lhs.dims[axis] for axis in contracted)
    return {_kind(dot, lhs.dtype): 2.0 * dot.shapes[0].n_elements * terms}


def _of_gemm(call: Instruction, inside: Computation) -> dict[str, float]:
    """Return the operations of a call of cuBLAS; its axes are in the configuration of the call."""
    (lhs, *_) = shapes_of(call.operands[0], inside)
    found = re.search(r'"lhs_contracting_dimensions":(\[[^\]]*\])', call.attributes)
    axes = [int(axis) for axis in json.loads(found.group(1))] if found else [len(lhs.dims) - 1]
    terms = math.prod(lhs.dims[axis] for axis in axes)
    return {_kind(call, lhs.dtype): 2.0 * call.shapes[0].n_elements * terms}


def _of_recurrence(call: Instruction, inside: Computation) -> float:
    """Return the operations of the products at all time steps; the first operand is the matrix.

    Every element of the largest array (drive, or its gradient) takes one multiplication and one
    addition for each unit.
    """
    matrix, *others = (shape for name in call.operands for shape in shapes_of(name, inside))
    return 2.0 * matrix.dims[-1] * max(shape.n_elements for shape in (*others, *call.shapes))


def _of_convolution(convolution: Instruction, inside: Computation) -> dict[str, float]:
    """Return the operations of a convolution, the form of all matrix products on a TPU.

    A batch of products is a convolution with a spatial axis. On this axis, the window of an output
    reads only one position. Therefore the terms of every spatial axis are counted one by one.
    """
    labels = convolution.attribute(r"dim_labels=(\S+?)(?:,|$|\s)") or "bf_io->bf"
    of_lhs, of_rhs, of_out = re.split(r"_|->", labels)
    lhs, rhs = (shapes_of(name, inside)[0] for name in convolution.operands[:2])
    out = convolution.shapes[0]
    window = convolution.attribute(r"window=\{([^}]*)\}") or ""
    terms = float(rhs.dims[of_rhs.index("i")])
    for place, axis in enumerate(sorted(label for label in of_out if label.isdigit())):
        n_lhs, n_rhs = lhs.dims[of_lhs.index(axis)], rhs.dims[of_rhs.index(axis)]
        n_out = out.dims[of_out.index(axis)]
        terms *= _pairs(n_lhs, n_rhs, n_out, _of_axis(window, place)) / n_out
    return {_kind(convolution, lhs.dtype): 2.0 * out.n_elements * terms}


def _of_axis(window: str, place: int) -> dict[str, tuple[int, ...]]:
    """Return the entries of a window for one spatial axis: stride, pad, lhs_dilate, rhs_dilate."""
    entries = {}
    for entry in window.split():
        name, _, values = entry.partition("=")
        entries[name] = tuple(int(value) for value in values.split("x")[place].split("_"))
    return entries


def _pairs(n_lhs: int, n_rhs: int, n_out: int, window: Mapping[str, tuple[int, ...]]) -> int:
    """Return the number of pairs (output, window position) of an axis that read an input."""
    (stride,), (low, *_) = window.get("stride", (1,)), window.get("pad", (0,))
    (spread,), (gap,) = window.get("lhs_dilate", (1,)), window.get("rhs_dilate", (1,))
    places = (
        out * stride + position * gap - low for out in range(n_out) for position in range(n_rhs)
    )
    return sum(at % spread == 0 and 0 <= at // spread < n_lhs for at in places)


def _kind(product: Instruction, dtype: str) -> str:
    """Return the kind of arithmetic of a product, from its operands' type and its precision."""
    if dtype == "f64":
        return FLOAT64
    if dtype in ("bf16", "f16"):
        return BF16
    text = product.attributes.lower()
    if "tf32" in text:
        return TF32
    found = re.search(r'operand_precision"?[=:][\[{]"?(\w+)', text)
    precision = found.group(1) if found else "default"
    return FLOAT32 if precision == "highest" else TF32


def _numbers(text: str | None) -> list[int]:
    return [int(number) for number in (text or "").split(",") if number]
