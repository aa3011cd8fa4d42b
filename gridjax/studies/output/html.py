"""HTML page of all studies in a folder: verdicts, then figures and rows."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from gridjax.errors import DamageError, GridjaxError, Place, Problem
from gridjax.io.atomic_files import replace_file
from gridjax.io.json_schema import check_schema
from gridjax.plotting import listed
from gridjax.report.html import LARGEST_SVG, PAGE
from gridjax.studies.output.results import FIGURES, OUTCOME, ROWS
from gridjax.studies.study import ORDER, QUICK

_LARGEST = 10_000_000
"""Largest size (bytes) of a file that the page contains."""
_NUMBER = int | float | None
_VERDICT = dict.fromkeys(
    (
        "name",
        "claim",
        "role",
        "published",
        "estimand",
        "test",
        "test_is",
        "null_is",
        "holds_where",
        "asked_of",
    ),
    str,
) | {"n": int, "outcome": str, "sentence": str, "remark": str}
_VERDICT |= dict.fromkeys(("value", "p", "p_holm", "networks_needed"), _NUMBER)
_OF_UNITS = dict.fromkeys(("value", "interval", "outcome", "rows"), str) | dict.fromkeys(
    ("Ng", "n"), int
)
_FORM: dict[str, Any] = {
    **dict.fromkeys(("study", "title", "question", "caution", "size", "claims_sha256"), str),
    **dict.fromkeys(("changes", "smoke_test"), str),
    **dict.fromkeys(("networks", "seeds", "missing", "diverged", "version"), int),
    "arms": [{"arm": str, "networks": int, "competent": int, "share": str}],
    "pilot": {"networks": int, "missing": int, "chosen": [[str]]},
    "claims_sha256_before_training": str | None,
    "verdicts": [_VERDICT | {"shown": dict.fromkeys(("value", "interval", "null"), str)}],
    "figures": [dict.fromkeys(("name", "title", "caption", "alt"), str) | {"table": [[str]]}],
    "by_units": [{"claim": str, "sizes": [_OF_UNITS]}],
}
"""The keys of a study's verdicts that the page reads, with their types."""


def write_page(out: Path) -> Path:
    """Write ``report.html`` from the verdicts of all studies in a folder; return its path.

    Raises GridjaxError if there is no study, or if the folder cannot be written.
    """
    studies = [_study(path) for path in sorted(out.glob(f"*/{OUTCOME}"), key=_position)]
    if not studies:
        message = f"{out} holds no verdicts of a study"
        raise GridjaxError(Problem(message, fix="run gridjax study NAME --out DIR first"))
    try:
        replace_file(out / PAGE, _render(studies).encode())
    except OSError as error:
        message = f"{out} cannot be written: {error.strerror or error}"
        raise GridjaxError(Problem(message, fix="make it writable")) from None
    return out / PAGE


def _render(studies: list[dict[str, Any]]) -> str:
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=ChoiceLoader(
            [PackageLoader("gridjax.studies.output"), PackageLoader("gridjax.report")]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    missing = listed([f"{one['missing']:,} of {one['study']}" for one in studies if one["missing"]])
    quick = listed([one["study"] for one in studies if one["size"] == QUICK])
    template = environment.get_template("studies.html")
    return template.render(studies=studies, missing=missing, quick=quick)


def _position(path: Path) -> tuple[int, str]:
    name = path.parent.name
    return (ORDER.index(name) if name in ORDER else len(ORDER), name)


def _study(path: Path) -> dict[str, Any]:
    place = Place(str(path))
    try:
        content = json.loads(_read(path))
        check_schema(content, _FORM, "the file")
        for verdict in content["verdicts"]:
            verdict["rows"] = _rows(path.parent, verdict["name"])
        content["sentences"] = _sentences(content["verdicts"])
        own = {verdict["name"] for verdict in content["verdicts"]}
        for line in content["by_units"]:
            for size in line["sizes"]:
                # the page already shows the study's own rows next to its verdicts
                is_own = size["rows"] in own
                size["uri"] = "" if is_own else _rows(path.parent, size["rows"])
        for figure in content["figures"]:
            figure["uri"] = _figure(path.parent / FIGURES, Path(figure["name"]).name)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        fix = "analyse the study again: gridjax study NAME --no-training --out DIR"
        raise DamageError(Problem(f"damaged: {error}", place, fix)) from None
    return content


def _sentences(verdicts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the sentences about the verdicts, each once, with the claims that it is about."""
    claims: dict[str, list[str]] = {}
    for verdict in verdicts:
        # without an estimate, the remark is its reason, which the sentence gives if it is decisive
        remark = "" if verdict["value"] is None else verdict["remark"]
        claims.setdefault(f"{verdict['sentence']} {remark}".strip(), []).append(verdict["claim"])
    return [{"text": text, "claims": of_text} for text, of_text in claims.items()]


def _rows(folder: Path, name: str) -> str:
    return _uri(folder / ROWS / f"{Path(name).name}.csv")


def _figure(folder: Path, name: str) -> str:
    svg, png = folder / f"{name}.svg", folder / f"{name}.png"
    if not svg.is_file() or svg.is_symlink():
        return ""
    return _uri(svg if svg.stat().st_size <= LARGEST_SVG else png)


def _uri(path: Path) -> str:
    kind = {".svg": "image/svg+xml", ".png": "image/png", ".csv": "text/csv"}[path.suffix]
    return f"data:{kind};base64,{base64.b64encode(_read(path)).decode()}"


def _read(path: Path) -> bytes:
    if path.is_symlink() or not path.is_file():
        raise ValueError(f"{path.name} is not a regular file")
    if path.stat().st_size > _LARGEST:
        raise ValueError(f"{path.name} is larger than {_LARGEST} bytes")
    return path.read_bytes()
