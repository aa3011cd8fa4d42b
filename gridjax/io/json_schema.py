"""Check of JSON values against a schema written as Python types."""

from __future__ import annotations

from typing import Any

from gridjax.io.text import show

_WORDS = {str: "text", int: "a whole number", bool: "true or false", dict: "a mapping"}


def check_schema(value: Any, schema: Any, name: str) -> None:
    """Raise ValueError unless a JSON value matches ``schema``; the message calls it ``name``.

    A schema is a type (``str``, ``int | None``), ``[schema]`` for a list of any length, or
    ``{key: schema}`` for a mapping with at least these keys. ``{str: schema}`` allows any keys.
    """
    if isinstance(schema, dict):
        if not isinstance(value, dict):
            raise ValueError(f"{name} is {show(value)}, not a mapping")
        for key, inner in schema.items():
            if key is str:
                for each in value:
                    check_schema(value[each], inner, f"{name}: {show(each)}")
            elif key in value:
                check_schema(value[key], inner, key)
            else:
                raise ValueError(f"{name} has no {key}")
    elif isinstance(schema, list):
        if not isinstance(value, list):
            raise ValueError(f"{name} is {show(value)}, not a list")
        for each in value:
            check_schema(each, schema[0], f"an entry of {name}")
    elif not isinstance(value, schema) or (isinstance(value, bool) and not _takes_bool(schema)):
        raise ValueError(f"{name} is {show(value)}, not {_WORDS.get(schema, schema)}")


def _takes_bool(schema: Any) -> bool:
    return schema in (bool, object) or bool in getattr(schema, "__args__", ())
