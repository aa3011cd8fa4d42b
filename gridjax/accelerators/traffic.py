"""Bytes that a kernel of a compiled program moves between the card's memory and its cores.

Every array that a kernel reads or writes counts once. A slice counts with its own size, not with
the size of the whole array. Caches are not modelled: an array that the previous kernel wrote counts
like any other. On a TPU, arrays in on-chip memory do not count.
"""

from __future__ import annotations

from collections.abc import Iterable

from gridjax.accelerators.arithmetic import shapes_of
from gridjax.accelerators.hlo_text import Computation, Instruction, Program, Shape

_SLICES = ("slice", "dynamic-slice", "gather")
_PARTS = ("dynamic-update-slice", "scatter")


def bytes_moved(instruction: Instruction, inside: Computation, program: Program) -> float:
    """Return the bytes that one kernel reads and writes.

    Args:
        instruction: the instruction that the kernel executes.
        inside: the computation that contains it, for the shapes of its operands.
        program: the whole program, for the computations of fusions.
    """
    opcode = instruction.opcode
    operands = tuple(dict.fromkeys(instruction.operands))
    if opcode in _SLICES:
        return 2 * _size(instruction.shapes)
    if opcode in _PARTS:
        return 2 * _size(shapes_of(instruction.operands[-1 if opcode == "scatter" else 1], inside))
    if opcode in ("copy-start", "slice-start"):  # results: the copy, the source, a semaphore
        return _size(instruction.shapes[:2])
    called = program.computations.get(instruction.called[0], ()) if instruction.called else ()
    if opcode == "fusion" and called:
        return _of_fusion(called, instruction.shapes, program)
    if opcode == "fusion-start" and called:  # results: the operands, the outputs, a number
        n_read = len(instruction.operands)
        return _of_fusion(called, instruction.shapes[n_read:-1], program)
    written = instruction.shapes
    if opcode == "custom-call":
        # The rest of the result is a workspace, of bytes.
        written = tuple(shape for shape in written if shape.dtype != "s8")
    return _size(written) + sum(_size(shapes_of(name, inside)) for name in operands)


def _size(shapes: Iterable[Shape]) -> float:
    return sum(shape.n_bytes for shape in shapes if not shape.is_on_chip)


def _of_fusion(called: Computation, results: tuple[Shape, ...], program: Program) -> float:
    """Return the bytes that a fusion reads from its parameters and writes with its roots."""
    shares = shares_read(called, program)
    read = sum(
        shares[each.name] * _size(each.shapes) for each in called if each.opcode == "parameter"
    )
    return read + _written(called, results)


def shares_read(called: Computation, program: Program) -> dict[str, float]:
    """Return the share of the elements that is needed, for each instruction of a fusion, by name.

    A fusion computes an element only if one of its roots depends on it. A slice reads only its part
    of an array. An update in place reads nothing of the array that it updates.
    """
    shares = {each.name: float(each.is_root) for each in called}
    for user in reversed(called):  # users come after their operands
        of_user = min(1.0, shares[user.name])
        parts = _shares_of_operands(user, called, program)
        for name, part in zip(user.operands, parts, strict=True):
            if name in shares:
                shares[name] = min(1.0, shares[name] + of_user * part)
    return shares


def _shares_of_operands(user: Instruction, called: Computation, program: Program) -> list[float]:
    """Return the share of each operand that an instruction needs for its whole result."""
    whole = [1.0] * len(user.operands)
    if user.opcode in _SLICES:
        n_operand = sum(shape.n_elements for shape in shapes_of(user.operands[0], called))
        return [min(1.0, user.shapes[0].n_elements / max(1, n_operand)), *whole[1:]]
    if user.opcode in _PARTS:
        return [0.0, *whole[1:]]
    inner = program.computations.get(user.called[0], ()) if user.called else ()
    if user.opcode == "fusion" and inner:
        inside = shares_read(inner, program)
        of_place = {
            int(each.argument): inside[each.name] for each in inner if each.opcode == "parameter"
        }
        return [of_place.get(place, 1.0) for place in range(len(user.operands))]
    return whole


def _written(called: Computation, results: tuple[Shape, ...]) -> float:
    """Return the bytes that the roots of a fusion write; an update in place writes one part."""
    by_name = {each.name: each for each in called}
    root = next((each for each in called if each.is_root), None)
    if root is None:
        return _size(results)
    roots = [by_name.get(name) for name in root.operands] if root.opcode == "tuple" else [root]
    total = 0.0
    for result, each in zip(results, roots, strict=False):
        if result.is_on_chip:
            continue
        while each is not None and each.opcode in ("bitcast", "reshape"):
            each = by_name.get(each.operands[0])
        if each is not None and each.opcode == "dynamic-update-slice":
            update = by_name.get(each.operands[1])
            total += update.shapes[0].n_bytes if update else result.n_bytes
        else:
            total += result.n_bytes
    return total
