"""Run of several benchmarks, with their printed lines and files."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from gridjax.errors import GridjaxError, Problem
from gridjax.run.execution.devices import start_devices

from .options import KINDS, Options, Say, options


def run(
    kinds: Sequence[str],
    chosen: Options,
    say: Say,
    json_file: Path | None = None,
    figure: Path | None = None,
) -> dict[str, Any]:
    """Run benchmarks; return and write ``{"machine": ..., kind: {"rows": [...]}}``.

    Raises GridjaxError before the first measurement if a file cannot be written.
    """
    if figure is not None and "scaling" not in kinds:
        problem = f"--figure {figure}: only the benchmark scaling has a figure"
        raise GridjaxError(Problem(problem, fix="gridjax bench scaling --figure FILE.png"))
    for option, file in (("--json", json_file), ("--figure", figure)):
        if file is not None:
            _check_writable(option, file)
    start_devices(keep_programs=False)
    from .machine import machine

    told: dict[str, Any] = {"machine": machine()}
    say(", ".join(f"{name} {value}" for name, value in told["machine"].items()))
    for kind in kinds:
        measure = import_module(f".{kind}", __package__).measure
        told[kind] = measure(chosen, say)
        if json_file is not None:
            json_file.write_text(json.dumps(told, indent=1) + "\n")
    if figure is not None:
        from .figure import draw

        draw(told, figure)
    return told


def _check_writable(option: str, file: Path) -> None:
    try:
        with file.open("a"):
            pass
        if not file.stat().st_size:
            file.unlink()
    except OSError as error:
        problem = f"{option} {file} cannot be written: {error.strerror or error}"
        raise GridjaxError(Problem(problem, fix="name a file that you may write")) from None


def main(kind: str) -> None:
    """Run one benchmark as a script."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{kind}")
    parser.add_argument("--sizes", help="small,medium,paper")
    parser.add_argument("--repeats", type=int)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    if kind == "scaling":
        parser.add_argument("--figure", type=Path)
    given = parser.parse_args()
    assert kind in KINDS
    try:
        chosen = options(given.quick, given.sizes, given.repeats)
        run([kind], chosen, print, given.json, getattr(given, "figure", None))
    except GridjaxError as error:
        parser.error(str(error))
