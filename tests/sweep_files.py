"""Sweeps as dicts and files, and what is said of them when they are refused."""

from pathlib import Path

import pytest

from gridjax.errors import GridjaxError

SWEEPS = Path(__file__).parent / "sweeps"
HINT = "--skip-invalid"


def sweep_of(parameters, **others):
    return {"method": "grid", "parameters": parameters, **others}


def values(**parameters):
    return {name: {"values": list(each)} for name, each in parameters.items()}


def problems_of(read, *arguments, **keywords):
    with pytest.raises(GridjaxError) as caught:
        read(*arguments, **keywords)
    return caught.value.problems


def without_hint(problems):
    """The problems but for the last one, which tells of --skip-invalid."""
    assert HINT in problems[-1].fix
    return problems[:-1]


def write(folder, text, name="bad.yaml"):
    path = folder / name
    path.write_text(text)
    return path
