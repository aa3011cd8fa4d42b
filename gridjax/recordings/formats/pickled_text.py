"""Lists and tuples of texts and numbers in a pickle, decoded without loading the pickle.

pandas stores the names of the columns of an HDF5 table in such a pickle. Loading a pickle can run
any code. This module interprets only the instructions that build plain values, and refuses a pickle
with any other instruction.
"""

from __future__ import annotations

import pickletools
from typing import Any, cast

_TEXTS_AND_NUMBERS = {
    "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "INT", "BININT", "BININT1", "BININT2", "NONE",
}  # fmt: skip
_STORES = {"PUT", "BINPUT", "LONG_BINPUT"}
_LOADS = {"GET", "BINGET", "LONG_BINGET"}
_MOST = 200_000
"""Largest number of instructions."""


def plain_value(content: bytes) -> Any | None:
    """Return lists, tuples, texts and numbers of a pickle; None if it holds anything else."""
    try:
        return _decoded(content)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, UnicodeDecodeError):
        return None


def _decoded(content: bytes) -> Any:
    stack: list[Any] = []
    marks: list[int] = []
    memory: dict[int, Any] = {}
    for count, (code, given, _) in enumerate(pickletools.genops(content)):
        name, argument = code.name, cast(Any, given)
        if count > _MOST:
            raise ValueError
        if name in _TEXTS_AND_NUMBERS:
            stack.append(argument)
        elif name in ("EMPTY_LIST", "EMPTY_TUPLE"):
            stack.append([] if name == "EMPTY_LIST" else ())
        elif name == "MARK":
            marks.append(len(stack))
        elif name in ("LIST", "TUPLE", "APPENDS"):
            at = marks.pop()
            items, stack[at:] = stack[at:], []
            if name == "APPENDS":
                stack[-1].extend(items)
            else:
                stack.append(items if name == "LIST" else tuple(items))
        elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
            n = int(name[-1])
            stack[-n:] = [tuple(stack[-n:])]
        elif name == "APPEND":
            item = stack.pop()
            stack[-1].append(item)
        elif name in _STORES:
            memory[int(argument)] = stack[-1]
        elif name == "MEMOIZE":
            memory[len(memory)] = stack[-1]
        elif name in _LOADS:
            stack.append(memory[int(argument)])
        elif name == "STOP":
            (value,) = stack
            return value
        elif name not in ("PROTO", "FRAME"):
            raise ValueError
    raise ValueError
