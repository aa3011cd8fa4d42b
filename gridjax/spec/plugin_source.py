"""SHA-256 of a plugin: of its record, and of the source of its functions and of what they use."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterable
from functools import partial
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from gridjax.errors import GridjaxError, Problem
from gridjax.io.modules_beside import modules_beside


def plugin_hash(info: Any, functions: Iterable[Any]) -> str:
    """Return the SHA-256 of a record and of the source of functions, in their order.

    Functions and constants of the same module are hashed too if the functions use them, and so are
    the whole files of modules in the same folder, or below, from which they use something.
    Definitions in installed modules are not hashed: a user must raise ``version`` if they change.
    Raises GridjaxError if the source of a function cannot be found.
    """
    texts: dict[Any, str] = {}
    parts = [repr(info), *(_text_of(part, info.name, texts) for part in functions)]
    return hashlib.sha256("\n".join([*parts, *texts.values()]).encode()).hexdigest()


def _text_of(part: Any, name: str, texts: dict[Any, str]) -> str:
    """Return the source of a function, with the arguments of a partial; for a value, its text.

    The constants that it uses, the sources of the functions of the same module that it uses, and
    the files of the modules beside it that it uses are added to ``texts``.
    """
    if isinstance(part, tuple):
        return "\n".join(_text_of(each, name, texts) for each in part)
    if isinstance(part, partial):
        held = (part.func, *part.args, *sorted(part.keywords.items()))
        return _text_of(held, name, texts)
    if not callable(part):
        return _value_text(part) or type(part).__qualname__
    function = inspect.unwrap(part)
    for used, value in _named_by(function):
        texts |= modules_beside(function.__module__, value)
        value = inspect.unwrap(value) if callable(value) else value  # of jax.jit, for example
        if isinstance(value, FunctionType):
            if value.__module__ == function.__module__ and value not in texts:
                texts[value] = ""  # a function may call itself
                texts[value] = _text_of(value, name, texts)
        elif text := _value_text(value):
            texts[function, used] = f"{used} = {text}"
    return _source_of(function, name)


def _named_by(function: Any) -> list[tuple[str, Any]]:
    """Return the global and enclosing names that a Python function uses, with their values."""
    code = getattr(function, "__code__", None)
    if code is None:
        return []
    names: dict[str, None] = {}
    codes = [code]
    while codes:
        one = codes.pop()
        names |= dict.fromkeys(one.co_names)
        codes += [each for each in one.co_consts if isinstance(each, CodeType)]
    known = function.__globals__
    enclosing = zip(code.co_freevars, function.__closure__ or (), strict=True)
    return [
        *((each, known[each]) for each in sorted(names) if each in known),
        *((each, cell.cell_contents) for each, cell in enclosing),
    ]


def _value_text(value: Any) -> str:
    """Return the text of a number, text, None or array, or of a tuple, list or dict of these.

    Empty for other values.
    """
    if value is None or isinstance(value, bool | int | float | complex | str):
        return repr(value)
    if isinstance(value, dict):
        return _value_text(tuple(value.items()))
    if isinstance(value, tuple | list):
        texts = [_value_text(each) for each in value]
        return f"({', '.join(texts)})" if all(texts) else ""
    if hasattr(value, "__array__") and not isinstance(value, type):
        array = np.asarray(value)
        return f"{array.dtype} {array.shape} {array.tobytes().hex()}"
    return ""


def _source_of(function: Callable[..., Any], name: str) -> str:
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        message = f"{name!r}: the source of {function!r} cannot be found"
        raise GridjaxError(
            Problem(message, fix="write the function into a file and import it")
        ) from None
