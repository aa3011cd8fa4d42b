"""The style of every figure: colours, sizes, files. No pyplot, so any thread may draw."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from gridjax.spec.parameters import info_of

if TYPE_CHECKING:
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

WIDTH_IN = 7.2
"""Width of every figure, inches: two columns of a journal page."""
DPI = 180
SMALL = 7.0
"""Smallest type, points."""
MANY = 1500
"""Marks from which on a figure holds them as pixels, so that its SVG stays small."""
GREY = "#666666"
LIGHT = "#b8b8b8"
COLOUR_MAP = "viridis"
"""Colours of rate maps, from the least rate to the largest."""
UNVISITED = "#d9d9d9"
"""Bins of a rate map that no sample fell in."""

# For target codes whose record names no colour or marker: more of Paul Tol's colours, and the
# markers that gridjax's own codes leave. Their numbers have no common factor: every pair occurs.
_SPARE_COLOURS = ("#117733", "#999933", "#aa4499", "#6699cc", "#994455")
_SPARE_MARKERS = ("*", "h", "d", "8")
_RC: dict[str, Any] = {
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "lines.linewidth": 1.2,
    "savefig.facecolor": "white",
    "svg.hashsalt": "gridjax",
}
_LOCK = threading.RLock()


class Drawn(NamedTuple):
    """One figure of a report, or the reason why there is none."""

    name: str
    """the files' name without its ending"""
    title: str
    figure: Figure | None
    caption: str
    """what is drawn, against which null, from how many; or why nothing is drawn"""
    alt: str = ""
    """what a reader who cannot see it should know"""
    table: tuple[tuple[str, ...], ...] = ()
    """what is drawn where, header first"""


class Files(NamedTuple):
    """The files of one figure."""

    png: Path
    svg: Path


@contextmanager
def styled() -> Iterator[None]:
    """Draw and save in gridjax's style, whatever the user's matplotlibrc says."""
    from matplotlib import style

    # matplotlib keeps its settings per process, not per thread.
    with _LOCK, style.context(["default", _RC]):
        yield


def colour(code: str) -> str:
    """Return the colour of a target code: its record's, else one that its name decides."""
    info = info_of(code)
    return (info.colour if info else "") or _SPARE_COLOURS[_number(code) % len(_SPARE_COLOURS)]


def marker(code: str) -> str:
    """Return the marker of a target code: its record's, else one that its name decides."""
    info = info_of(code)
    return (info.marker if info else "") or _SPARE_MARKERS[_number(code) % len(_SPARE_MARKERS)]


def new_figure(height_in: float, layout: Literal["constrained"] | None = "constrained") -> Figure:
    """Return an empty figure of the common width."""
    from matplotlib.figure import Figure

    return Figure(figsize=(WIDTH_IN, height_in), layout=layout)


def save(drawn: Drawn, folder: Path) -> Files | None:
    """Write one figure as PNG and SVG; return the files, or None where nothing was drawn.

    Files of an earlier report that has this figure are removed where this one has not.
    """
    files = Files(folder / f"{drawn.name}.png", folder / f"{drawn.name}.svg")
    if drawn.figure is None:
        for file in files:
            file.unlink(missing_ok=True)
        return None
    drawn.figure.savefig(files.png, dpi=DPI)
    drawn.figure.set_layout_engine("none")  # laid out now; once more would take as long again
    drawn.figure.savefig(files.svg, dpi=DPI, metadata={"Date": None})
    return files


def log_ticks(axis: Axis) -> None:
    """Write a logarithmic axis as 1, 2, 5, 10 and so on, without powers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 1000 * low else (1,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def counted(n: int, noun: str) -> str:
    """Write a number with its noun: 1 network, 1,024 units."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def listed(words: Sequence[str]) -> str:
    """Write words as a list: a, b and c."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def _number(code: str) -> int:
    """Return a number that a name alone decides, the same in every process."""
    return zlib.crc32(code.encode())
