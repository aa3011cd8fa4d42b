"""Kernels of a compiled program: their number from its text, their times from a profile.

The number needs no device.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

_QUIET = {
    *("parameter", "get-tuple-element", "tuple", "constant", "bitcast", "after-all"),
    *("fusion-done", "copy-done", "async-done"),
}
_INSTRUCTION = re.compile(r"^(?:ROOT )?%[\w.\-]+ = (?:\(.*?\)|\S+) ([a-z][\w\-]*)\(")


def loops_of(text: str) -> dict[str, Any]:
    """Return the entry computation of a compiled program as a tree of loops.

    A loop has ``times`` (its trip count, None where the compiler does not know it), ``kernels``
    (launched by one pass, those of inner loops not counted) and ``loops``.
    """
    computations, entry = _computations(text)
    return _loop(computations, entry, 1)


def kernels_per_step(text: str, n_ahead: int) -> float:
    """Return the kernels launched for one gradient step by the program of a training chunk.

    The innermost loop without a known trip count makes one gradient step a pass. What the loop
    around it launches serves ``n_ahead`` steps.
    """

    def of(loop: dict[str, Any]) -> float:
        total = float(loop["kernels"])
        for inner in loop["loops"]:
            times = inner["times"]
            total += of(inner) * (n_ahead if times is None else times)
        return total

    outer = next(loop for loop in loops_of(text)["loops"] if loop["times"] is None)
    return of(outer) / n_ahead


def _computations(text: str) -> tuple[dict[str, list[str]], str]:
    """Split a program's text into the instructions of its computations; and the entry's name."""
    found: dict[str, list[str]] = {}
    name = entry = ""
    for line in text.splitlines():
        head = re.match(r"^(ENTRY )?%?([\w.\-]+) ", line)
        if head and line.rstrip().endswith("{") and "(" in line:
            name = head.group(2)
            found[name] = []
            entry = name if head.group(1) else entry
        elif line.startswith("}"):
            name = ""
        elif name:
            found[name].append(re.sub(r"/\*.*?\*/", "", line.strip()))
    return found, entry


def _loop(found: dict[str, list[str]], name: str, times: int | None) -> dict[str, Any]:
    kinds: Counter[str] = Counter()
    loops = []
    for line in found[name]:
        match = _INSTRUCTION.match(line)
        if not match or match.group(1) in _QUIET:
            continue
        kind = match.group(1)
        if kind == "while":
            body = re.search(r"body=%?([\w.\-]+)", line)
            known = re.search(r'"known_trip_count":\{"n":"(\d+)"', line)
            assert body is not None
            loops.append(_loop(found, body.group(1), int(known.group(1)) if known else None))
            continue
        inner = re.search(r"(?:to_apply|calls)=%?([\w.\-]+)", line)
        if kind in ("call", "async-start") and inner and inner.group(1) in found:
            loops.append(_loop(found, inner.group(1), 1))
            continue
        if kind == "custom-call":
            target = re.search(r'custom_call_target="([^"]+)"', line)
            kind = target.group(1) if target else kind
        if kind == "fusion":
            made = re.search(r'"kind":"(__\w+)"', line) or re.search(r"kind=(\w+)", line)
            kind = made.group(1) if made else kind
        kinds[kind] += 1
    return {"times": times, "kernels": kinds.total(), "kinds": dict(kinds), "loops": loops}


def profile(work: Callable[[], object], most: int = 25) -> dict[str, Any]:
    """Run work under JAX's profiler; return seconds on the device, by kernel.

    ``busy_s`` is the sum over kernels, ``span_s`` the time from the first to the end of the last,
    ``kernels`` the number of launches, ``by_name`` the longest, each with seconds and launches.
    """
    import jax

    with tempfile.TemporaryDirectory() as folder:
        with jax.profiler.trace(folder):
            work()
        (file,) = Path(folder).rglob("*.xplane.pb")
        seconds: Counter[str] = Counter()
        times: Counter[str] = Counter()
        begin, end = float("inf"), 0.0
        for plane in jax.profiler.ProfileData.from_file(str(file)).planes:
            if not plane.name.startswith("/device:"):
                continue
            for line in plane.lines:
                if "Stream" not in line.name and "XLA Ops" not in line.name:
                    continue
                for event in line.events:
                    seconds[event.name] += event.duration_ns / 1e9
                    times[event.name] += 1
                    begin = min(begin, event.start_ns)
                    end = max(end, event.start_ns + event.duration_ns)
    longest = [
        {"name": name, "seconds": value, "launches": times[name]}
        for name, value in seconds.most_common(most)
    ]
    return {
        "busy_s": sum(seconds.values()),
        "span_s": max(0.0, (end - begin) / 1e9),
        "kernels": times.total(),
        "by_name": longest,
    }
