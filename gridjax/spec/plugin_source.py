"""SHA-256 of a plugin: of its record, and of the source of its functions and of what they use."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from functools import partial
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from gridjax.errors import GridjaxError, Problem
from gridjax.io.modules_beside import modules_beside


def plugin_hash(info: Any, functions: Iterable[Any]) -> str:
    """Return the SHA-256 of a record and of the source of functions, in their order.

    Functions, classes and constants of the same module are hashed too if the functions use them,
    with what partials, dataclasses and instances of these classes hold. So are the whole files of
    modules in the same folder, or below, from which they use something.
    Definitions in installed modules are not hashed: a user must raise ``version`` if they change.
    Raises GridjaxError if the source of a function cannot be found.
    """
    texts: dict[Any, str] = {}
    parts = [repr(info), *(_text_of(part, info.name, texts) for part in functions)]
    return hashlib.sha256("\n".join([*parts, *filter(None, texts.values())]).encode()).hexdigest()


def _text_of(part: Any, name: str, texts: dict[Any, str]) -> str:
    """Return the source of a function, with the arguments of a partial; for a value, its text.

    What the function uses is added to ``texts`` (see `_add_used`).
    """
    if isinstance(part, tuple):
        return "\n".join(_text_of(each, name, texts) for each in part)
    if isinstance(part, partial):
        held = (part.func, *part.args, *sorted(part.keywords.items()))
        return _text_of(held, name, texts)
    if not callable(part):
        return _value_text(part) or type(part).__qualname__
    function = inspect.unwrap(part)
    _add_all_used(function, name, texts)
    return _source_of(function, name)


class _Same:
    """A key of a dict that is equal to those of the same object only, and keeps the object."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)


def _add_all_used(function: Any, name: str, texts: dict[Any, str]) -> None:
    for used, value in _named_by(function):
        _add_used((function, used), value, function.__module__, name, texts)


def _add_used(key: Any, value: Any, module: str, name: str, texts: dict[Any, str]) -> None:
    """Add to ``texts`` what a function of a module uses under one name.

    These are the files of modules beside it; the sources of functions and classes of the module
    itself, and what they use; other names of functions; constants; and what a partial, a dataclass
    or an instance of such a class holds.
    """
    texts |= modules_beside(module, value)
    value = inspect.unwrap(value) if callable(value) else value  # of jax.jit, for example
    if text := _value_text(value):
        texts[key] = f"{key[-1]} = {text}"
        return
    own = value if isinstance(value, FunctionType | type) else type(value)
    is_own = own.__module__ == module
    if is_own and own not in texts:
        texts[own] = ""  # a function may call itself
        if isinstance(own, FunctionType):
            texts[own] = _text_of(own, name, texts)
        else:
            texts[own] = _text_of_class(own, name, texts)
    label = getattr(value, "__name__", key[-1])
    if not is_own and label != key[-1] and not isinstance(value, ModuleType):
        texts[key] = f"{key[-1]} is {label}"
    if own is value or (same := _Same(value)) in texts:
        return
    texts[same] = ""  # an instance may hold itself
    for at, each in _held_by(value, is_own).items():
        _add_used((*key, at), each, module, name, texts)


def _text_of_class(own: type, name: str, texts: dict[Any, str]) -> str:
    """Return the source of a class, of its methods alone if it is not in a file."""
    sources = []
    for base in own.__bases__:
        _add_used((own, base.__name__), base, own.__module__, name, texts)
    for method in vars(own).values():
        method = (
            method.fget if isinstance(method, property) else getattr(method, "__func__", method)
        )
        method = inspect.unwrap(method) if callable(method) else method
        if isinstance(method, FunctionType) and method.__module__ == own.__module__:
            _add_all_used(method, name, texts)
            sources.append(method)
    try:
        return inspect.getsource(own)
    except (OSError, TypeError):  # of a notebook, or made by a function such as namedtuple
        made = [one for one in sources if not one.__code__.co_filename.startswith("<string")]
        return "\n".join(_source_of(one, name) for one in made)


def _held_by(value: Any, is_own: bool) -> dict[Any, Any]:
    """Return what a value holds: the parts of a partial, the fields of a dataclass, and so on.

    Args:
        value: any value.
        is_own: whether its class is the plugin's own.
    """
    if isinstance(value, partial):
        return {"func": value.func, **dict(enumerate(value.args)), **value.keywords}
    if isinstance(value, tuple | list):
        return dict(enumerate(value))
    if isinstance(value, dict):
        return value
    if is_dataclass(value):
        return {one.name: getattr(value, one.name, None) for one in fields(value)}
    return dict(getattr(value, "__dict__", {})) if is_own else {}


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
        *((each, cell.cell_contents) for each, cell in enclosing if cell != CellType()),
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
