"""Style and files of every figure: colours, markers, sizes, PNG and SVG.

Figures are made without pyplot, so every thread may draw figures, and no backend is needed: the
environment variable MPLBACKEND has no effect on them, whatever its value.
"""

from __future__ import annotations

import os
import sys
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from gridjax.spec.fields.declarations import info_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

WIDTH_IN = 7.2
"""Width of every figure, inches: two columns of a journal page."""
DPI = 180
"""Resolution of PNG files, dots per inch."""
SMALL = 7.0
"""Smallest font size, points."""
MANY = 1500
"""Largest number of marks that a figure draws as vector shapes.

More marks are drawn as pixels, so that the SVG file stays small.
"""
GREY = "#666666"
"""Colour of reference lines and secondary text."""
LIGHT = "#b8b8b8"
"""Colour of thin lines behind the data."""
COLOUR_MAP = "viridis"
"""Colour map of rate maps, from the lowest rate to the highest."""
UNVISITED = "#d9d9d9"
"""Colour of bins that were never visited."""

# Colours and markers of target codes whose record has none. The colours are Paul Tol's; gridjax's
# own codes do not use these markers. There are 5 colours and 4 markers. These numbers have no
# common factor, so every pair of colour and marker occurs.
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


def _import_whatever_the_backend() -> None:
    """Import Matplotlib, which cannot be imported if it does not know the backend of MPLBACKEND."""
    named = os.environ.pop("MPLBACKEND")
    try:
        import matplotlib
    finally:
        os.environ["MPLBACKEND"] = named
    with suppress(ValueError):
        matplotlib.rcParams["backend"] = named  # as Matplotlib does when it is imported


if os.environ.get("MPLBACKEND") and "matplotlib" not in sys.modules:
    _import_whatever_the_backend()


class FigureResult(NamedTuple):
    """One figure with its texts, or the reason why there is no figure."""

    name: str
    """name of its files, without ending"""
    title: str
    figure: Figure | None
    """the figure; None if there is nothing to draw"""
    caption: str
    """the content of the figure, the number of networks and the null; or the reason why there is
    no figure"""
    alt: str = ""
    """text for readers who cannot see the image"""
    table: tuple[tuple[str, ...], ...] = ()
    """rows of text that describe the drawn items; the first row is the header"""


class FigureFiles(NamedTuple):
    """The files of one figure."""

    png: Path
    svg: Path


@contextmanager
def styled() -> Iterator[None]:
    """Apply gridjax's style during drawing and saving; ignore the user's matplotlibrc.

    Matplotlib has one style per process, so figures of several threads wait for each other.
    """
    from matplotlib import style

    with _LOCK, style.context(["default", _RC]):
        yield


def colour(code: str) -> str:
    """Return the colour of a target code: from its record, or else chosen by its name."""
    info = info_of(code)
    return (info.colour if info else "") or _SPARE_COLOURS[_number(code) % len(_SPARE_COLOURS)]


def marker(code: str) -> str:
    """Return the marker of a target code: from its record, or else chosen by its name."""
    info = info_of(code)
    return (info.marker if info else "") or _SPARE_MARKERS[_number(code) % len(_SPARE_MARKERS)]


def new_figure(height_in: float, layout: Literal["constrained"] | None = "constrained") -> Figure:
    """Return an empty figure of the common width and a height in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(WIDTH_IN, height_in), layout=layout)


def save(result: FigureResult, folder: Path) -> FigureFiles | None:
    """Write one figure as PNG and SVG and return its files.

    Returns None if there is no figure; files of the same name from an earlier report are deleted.
    """
    files = FigureFiles(folder / f"{result.name}.png", folder / f"{result.name}.svg")
    if result.figure is None:
        for file in files:
            file.unlink(missing_ok=True)
        return None
    result.figure.savefig(files.png, dpi=DPI)
    result.figure.set_layout_engine("none")  # a second layout would double the time
    result.figure.savefig(files.svg, dpi=DPI, metadata={"Date": None})
    return files


def draw_map(axes: Axes, rates: np.ndarray, extent: tuple[float, ...] | None = None) -> None:
    """Draw one rate map [x, y] with y upwards; the colours cover its lowest to highest rate.

    ``extent`` is left, right, bottom and top on the axes; by default a map fills them.
    """
    from matplotlib import colormaps

    known = rates[np.isfinite(rates)]
    low, high = (known.min(), known.max()) if len(known) else (0.0, 1.0)
    axes.imshow(
        np.ma.masked_invalid(rates.T),
        origin="lower",
        extent=extent,  # pyright: ignore[reportArgumentType]
        cmap=colormaps[COLOUR_MAP].with_extremes(bad=UNVISITED),
        vmin=low,
        vmax=max(high, low + 1e-12),
        interpolation="nearest",
    )


def log_ticks(axis: Axis) -> None:
    """Label a logarithmic axis with 1, 2, 5, 10 and so on, not with powers of ten."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 1000 * low else (1,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def counted(n: int, noun: str) -> str:
    """Return a number with its noun: 1 network, 1,024 units."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def listed(words: Sequence[str]) -> str:
    """Return words as one list: a, b and c."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def _number(code: str) -> int:
    """Return a number that depends only on the name and is the same in every process."""
    return zlib.crc32(code.encode())
