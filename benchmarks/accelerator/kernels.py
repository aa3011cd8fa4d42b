"""Times of the kernels of a program, from a profile on a device."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any


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
