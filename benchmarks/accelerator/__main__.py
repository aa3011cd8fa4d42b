"""Command that runs each part in a separate process with a time limit, in order of value."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

from .part import Part, brief, is_brief, write_json

PARTS = {
    "a": ("card", 45, "card, versions, products, bandwidth"),
    "b": ("smoke", 120, "a small sweep, its report"),
    "c": ("steps", 120, "gradient steps per second"),
    "h": ("answers", 240, "grid scores of trained populations"),
    "s": ("studies", 540, "studies of the size desk"),
    "d": ("peers", 240, "PyTorch's trainers beside gridjax"),
    "g": ("bits", 240, "tables that are equal to the bit"),
    "v": ("evaluation", 120, "stages of one evaluation"),
    "f": ("scores", 90, "grid scores per second"),
    "e": ("pipeline", 240, "networks per minute, from spec to row"),
    "i": ("rest", 3600, "a population of paper size for the rest of the time"),
}
"""Module, maximum seconds and title of each part, in the order in which they run."""
GRACE_S = 3.0


def main() -> None:
    """Run the selected parts, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accelerator", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--minutes", type=float, default=7, help="maximum of all parts together")
    parser.add_argument("--parts", default=",".join(PARTS), help="letters, for example a,b,h")
    parser.add_argument("--seconds", default="", help="maximum of parts, for example c=90,h=200")
    parser.add_argument(
        "--rows",
        default="",
        help="rows of parts c and d, for example small:tf32:256,paper:bf16:32; in part c also"
        " small:tf32:256:fused, which part d leaves out; files of part h, for example"
        " paper/units-4096",
    )
    parser.add_argument("--tiny", action="store_true", help="test run with tiny sizes")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        return _run_here(json.loads(options.part))
    letters = [letter.strip() for letter in options.parts.split(",")]
    unknown = [letter for letter in letters if letter not in PARTS]
    if unknown:
        parser.error(
            f"--parts {options.parts}: unknown part {unknown[0]!r}; parts: {','.join(PARTS)}"
        )
    given = dict(pair.split("=") for pair in options.seconds.split(",") if pair)
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        _run_all(options, letters, {k: float(v) for k, v in given.items()}, Path(work))
    return None


def _run_all(options: Any, letters: list[str], seconds: dict[str, float], work: Path) -> None:
    deadline = time.perf_counter() + 60 * options.minutes
    file, told = options.out / "accelerator.json", {}
    cache = os.environ.get("JAX_COMPILATION_CACHE_DIR", str(work / "compiled"))
    environment = os.environ | {
        "JAX_COMPILATION_CACHE_DIR": cache,
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.5",
        "PYTHONUNBUFFERED": "1",
    }
    for letter in letters:
        module, most, title = PARTS[letter]
        allowed = min(seconds.get(letter, most), deadline - time.perf_counter())
        if allowed < 5:
            told[letter] = {"left_out": "no time left"}
            continue
        print(f"({letter}) {title}: at most {allowed:.0f} s", flush=True)
        of_part = work / f"{letter}.json"
        wish = {
            "module": module,
            "file": str(of_part),
            "out": str(options.out),
            "work": str(work),
            "seconds": allowed,
            "tiny": options.tiny,
            "rows": [row for row in options.rows.split(",") if row],
            "known": {k: v for k, v in told.items() if k == "a"},
        }
        command = [sys.executable, "-m", "benchmarks.accelerator", "--out", str(options.out)]
        child = subprocess.Popen([*command, "--part", json.dumps(wish)], env=environment)
        until = time.perf_counter() + allowed + GRACE_S
        while True:
            code = child.poll()
            if of_part.exists():
                told[letter] = json.loads(of_part.read_text())
            is_late = code is None and time.perf_counter() > until
            if is_late:
                child.kill()
                child.wait()
            if code is not None or is_late:
                told.setdefault(letter, {})["exit"] = "late" if is_late else code
            write_json(file, told)
            if code is not None or is_late:
                break
            time.sleep(0.5)
    _print_table(told)


def _run_here(wish: dict[str, Any]) -> None:
    module = import_module(f".{wish.pop('module')}", __package__)
    paths = {name: Path(wish.pop(name)) for name in ("file", "out", "work")}
    part = Part(**paths, **wish)
    part.save()
    try:
        module.measure(part)
    except Exception as error:
        traceback.print_exc()
        part.save(error=f"{type(error).__name__}: {error}"[:2000])
        sys.exit(1)
    part.save(complete=True)
    if part.n_errors:
        sys.exit(1)


def _print_table(told: dict[str, Any]) -> None:
    """Print every table of every part, one line for each row."""
    for letter, data in told.items():
        seconds, code = data.get("seconds", 0), data.get("exit")
        print(f"\n({letter}) {PARTS[letter][2]}: {seconds:.0f} s, exit {code}")
        if error := data.get("error"):
            print(f"  ended by {error}")
        for name, value in data.items():
            if isinstance(value, list) and value and isinstance(value[0], dict):
                print(f"  {name}")
                for row in value:
                    print(
                        "    "
                        + ", ".join(
                            f"{k} {brief(v)}" for k, v in row.items() if is_brief(v) and k != "said"
                        )
                    )


if __name__ == "__main__":
    main()
