"""Options for reading the numbers in an input: units, clock, arena and lost frames."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal

from gridjax.errors import GridjaxError, Problem
from gridjax.io.source_location import Problems
from gridjax.io.text import shown

Units = Literal["m", "cm", "mm", "px"]
TimeUnits = Literal["min", "s", "ms", "us", "ns", "samples"]
Axes = Literal["xy", "yx"]
_WINDOW_FIX = "give START:STOP in seconds, with START below STOP; one of them may be left out"
_PER_METRE = {"m": 1.0, "cm": 100.0, "mm": 1000.0}
_PER_SECOND = {"min": 1 / 60, "s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}


@dataclass(frozen=True)
class InputOptions:
    """Meaning of the numbers in the inputs of one call; rate maps use ``axes`` and ``series``."""

    units: Units | None = None
    """Unit of positions; None for the unit that the file states, or metres if it states none."""
    px_per_cm: float | None = None
    """Pixels in a centimetre, for units "px"."""
    time_units: TimeUnits | None = None
    """Unit of spike times, and of the times of positions if both are on one clock; None for the
    unit that the files state, or seconds if they state none."""
    rate_hz: float | None = None
    """Samples per second, for time_units "samples" and for folders of a spike sorter."""
    arena: tuple[tuple[float, float], tuple[float, float]] | None = None
    """((x low, x high), (y low, y high)) in `units`; positions outside count as lost."""
    lost: tuple[float, float] | None = None
    """Position that the tracker writes for lost frames, in `units`."""
    axes: Axes = "xy"
    """Order of the last two axes of rate maps."""
    series: str | None = None
    """Name of the series of positions, or of the variable of maps, for files with several."""
    activity: str | None = None
    """Name of the series of activity, for files with several or with spikes too."""
    cells: tuple[str, ...] | None = None
    """Names of the cells of sessions to read; None for all."""
    bodypart: str | None = None
    """Name of the tracked point to read, for files of video trackers."""
    likelihood: float = 0.6
    """Likelihood below which a tracked position counts as lost."""
    fps: float | None = None
    """Frames per second, for files of video trackers without times."""
    start_s: float = 0.0
    """Seconds added to the times of a video tracker: time of frame 0 on the clock of the spikes."""
    spikes: str | None = None
    """File or folder with the spikes; it replaces the spikes of the input."""
    windows_s: tuple[tuple[float | None, float | None], ...] | None = None
    """(first, last) second of each part of a session to read, on the clock of its path; None for
    an open end, and in place of all parts for the whole session."""
    epochs: tuple[str, ...] | None = None
    """Names of the epochs or trials of an NWB file to read, in place of windows_s."""

    @property
    def per_metre(self) -> float:
        """Number of position units in one metre."""
        if self.units == "px":
            return 100 * (self.px_per_cm or math.nan)
        return _PER_METRE[self.units or "m"]

    def per_second(self, unit: str) -> float:
        """Return how many units of time are a second: min, s, ms, us, ns, or samples."""
        return self.rate_hz or math.nan if unit == "samples" else _PER_SECOND[unit]

    @property
    def extent_m(self) -> tuple[tuple[float, float], tuple[float, float]] | None:
        """The arena in metres."""
        if self.arena is None:
            return None
        (x_low, x_high), (y_low, y_high) = self.arena
        per = self.per_metre
        return (x_low / per, x_high / per), (y_low / per, y_high / per)

    def check(self) -> None:
        """Raise GridjaxError with every invalid option."""
        problems = Problems()
        for name, value, choices in (
            ("--units", self.units, ("m", "cm", "mm", "px")),
            ("--time-units", self.time_units, ("min", "s", "ms", "us", "ns", "samples")),
            ("--axes", self.axes, ("xy", "yx")),
        ):
            if value is not None and value not in choices:
                problems.add(f"{name} is {value!r}", None, f"choose {', '.join(choices)}")
        for name, value, high in (
            ("--px-per-cm", self.px_per_cm, 1e6),
            ("--rate", self.rate_hz, 1e9),
            ("--fps", self.fps, 1e6),
        ):
            if value is not None and not 0 < value <= high:
                problems.add(f"{name} is {value:g}", None, f"give a number above 0, up to {high:g}")
        if not 0 <= self.likelihood <= 1:
            problems.add(f"--likelihood is {self.likelihood:g}", None, "give 0 to 1")
        if not math.isfinite(self.start_s):
            problems.add(f"--start is {self.start_s:g}", None, "give seconds")
        if self.windows_s is not None and self.epochs is not None:
            problems.add("--time and --epoch exclude each other", None, "give one of them")
        windows = self.windows_s
        if windows is not None and (not windows or not all(map(_is_window, windows))):
            problems.add(f"--time is {windows}", None, _WINDOW_FIX)
        names = self.epochs
        if names is not None and (isinstance(names, str) or not names or not all(names)):
            problems.add(f"--epoch is {names!r}", None, "give the names of epochs, at least one")
        if (self.units == "px") != (self.px_per_cm is not None):
            fix = "give both --units px and --px-per-cm, or neither"
            problems.add("--units px and --px-per-cm belong together", None, fix)
        is_rate_alone = self.time_units != "samples" and self.rate_hz is not None
        has_no_rate = self.time_units == "samples" and self.rate_hz is None
        # spike times of a sorter's folder are in samples and need --rate, whatever --time-units is
        if has_no_rate or (is_rate_alone and self.spikes is None):
            fix = "give both --time-units samples and --rate, or neither"
            problems.add("--time-units samples and --rate belong together", None, fix)
        problems.raise_any()

    @property
    def part(self) -> str:
        """The options that choose parts of sessions, as text; empty for whole sessions."""
        if self.windows_s is None:
            return f"--epoch {', '.join(map(shown, self.epochs))}" if self.epochs else ""
        return ", ".join(window_text(*window) for window in self.windows_s)


def window_text(start: float | None, stop: float | None) -> str:
    """Return a part of a session as an option, such as --time 0:600."""
    ends = ["" if end is None else f"{end:.10g}" for end in (start, stop)]
    return f"--time {ends[0]}:{ends[1]}"


def read_arena(text: str) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the arena that a text x0:x1,y0:y1 gives. Raises GridjaxError for any other text."""
    sides = [_numbers(side, ":") for side in text.split(",")]
    if len(sides) != 2 or any(len(side) != 2 or not side[0] < side[1] for side in sides):
        fix = "give x0:x1,y0:y1 with x0 < x1 and y0 < y1, in the units of the positions"
        raise GridjaxError(Problem(f"--arena {text} is not an arena", fix=fix))
    (x_low, x_high), (y_low, y_high) = sides
    return (x_low, x_high), (y_low, y_high)


def read_windows(texts: Sequence[str]) -> tuple[tuple[float | None, float | None], ...]:
    """Return the parts of a session that texts START:STOP give, seconds; None for an open end.

    Raises GridjaxError for other texts.
    """
    problems, windows = Problems(), []
    for text in texts:
        ends = [
            None if not end.strip() else (_numbers(end, ":") or [math.nan])[0]
            for end in text.split(":")
        ]
        if not _is_window(ends):
            problems.add(f"--time {text} is no part of a session", None, _WINDOW_FIX)
        windows.append(tuple(ends))
    problems.raise_any()
    return tuple(windows)


def read_width(text: str) -> float | tuple[float, float]:
    """Return the sides that a text W or WxH gives, cm. Raises GridjaxError for any other text."""
    numbers = _numbers(text.lower(), "x")
    if len(numbers) not in (1, 2):
        fix = "give the side of the maps in cm, or both sides along x and y, such as 150x75"
        raise GridjaxError(Problem(f"--width-cm {text} is not a map size", fix=fix))
    return numbers[0] if len(numbers) == 1 else (numbers[0], numbers[1])


def read_point(text: str) -> tuple[float, float]:
    """Return the position that a text X,Y gives. Raises GridjaxError for any other text."""
    numbers = _numbers(text, ",")
    if len(numbers) != 2:
        fix = "give X,Y in the units of the positions, such as --lost -1,-1"
        raise GridjaxError(Problem(f"--lost {text} is not a position", fix=fix))
    return numbers[0], numbers[1]


def read_names(text: str) -> tuple[str, ...]:
    """Return the names in a text A,B,... Raises GridjaxError for an empty or repeated name."""
    names = tuple(name.strip() for name in text.split(","))
    if not all(names) or len(set(names)) < len(names):
        fix = "give names of cells, each once, separated by commas"
        raise GridjaxError(Problem(f"--cells is {text!r}", fix=fix))
    return names


def _is_window(ends: Any) -> bool:
    """Return whether ends are two, not both open, finite, and the first is below the second."""
    if not isinstance(ends, (tuple, list)) or len(ends) != 2:
        return False
    given = [end for end in ends if end is not None]
    if not all(isinstance(end, Real) and math.isfinite(end) for end in given):
        return False
    return len(given) == 1 or (len(given) == 2 and given[0] < given[1])


def _numbers(text: str, separator: str) -> list[float]:
    """Return the finite numbers in a text; an empty list if a part is not a finite number."""
    try:
        numbers = [float(part) for part in text.split(separator)]
    except ValueError:
        return []
    return numbers if all(map(math.isfinite, numbers)) else []
