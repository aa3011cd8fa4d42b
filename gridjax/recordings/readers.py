"""Readers of the inputs of gridjax score: rate maps, and sessions with a path and spikes.

All files are checked before scoring, and the problems of all files are reported together. Pickled
Python objects are not loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gridjax.errors import GridjaxError, Place, Problem
from gridjax.io.source_location import Problems
from gridjax.io.text import flaw, shown
from gridjax.recordings.checks.session_checks import checked_session
from gridjax.recordings.file_formats import SORTER, Format, endings, format_of, path_of_spikes
from gridjax.recordings.formats.reading import GUIDE, Reading
from gridjax.recordings.input_options import InputOptions
from gridjax.recordings.map_set import MapSet
from gridjax.recordings.session import RawSession, Session
from gridjax.recordings.spike_sources import chosen_cells, with_spikes_of, without_cells

_OWN_OPTIONS = {
    "series": "--series",
    "activity": "--activity",
    "bodypart": "--bodypart",
    "likelihood": "--likelihood",
    "fps": "--fps",
    "start_s": "--start",
    "epochs": "--epoch",
}
"""Field of InputOptions -> its option, for options that only some formats use."""
_OF_SESSIONS = {
    "spikes": "--spikes",
    "windows_s": "--time",
    "units": "--units",
    "px_per_cm": "--px-per-cm",
    "time_units": "--time-units",
    "rate_hz": "--rate",
    "arena": "--arena",
    "lost": "--lost",
}
"""Field of InputOptions -> its option, for options that rate maps do not use."""


@dataclass(frozen=True)
class ReadFile:
    """One file: its content, and the maps or the session read from it."""

    path: str
    format: str
    """Name of its format; empty if it is unknown."""
    found: list[str]
    """One line for each array, series or table of the file."""
    result: MapSet | Session | None
    """None if there are problems."""
    problems: Problems


def read_inputs(
    names: Sequence[str | Path], options: InputOptions | None = None, path_only: bool = False
) -> list[MapSet | Session]:
    """Return the maps and sessions of files, in the order of the names.

    Args:
        names: files, or patterns such as ``rat*/*.npz`` that match files.
        options: meaning of the numbers of all sessions; None for metres and seconds.
        path_only: whether only the paths of sessions are read. Files without cells are then
            accepted, such as those of video trackers; the sessions have no cells, and the times of
            the path as the file has them. ``gridjax.recorded_motion`` needs no more.

    Raises GridjaxError with the problems of all files.
    """
    problems = Problems()
    read = read_files(names, options, problems, path_only)
    for each in read:
        problems.take(each.problems)
    problems.raise_any()
    return [each.result for each in read if each.result is not None]


def read_files(
    names: Sequence[str | Path],
    options: InputOptions | None,
    problems: Problems,
    path_only: bool = False,
) -> list[ReadFile]:
    """Return the content and the problems of each file.

    Args:
        names: files or patterns, as for ``read_inputs``.
        options: meaning of the numbers, as for ``read_inputs``.
        problems: list that receives a problem for each name that matches no file.
        path_only: as for ``read_inputs``.

    Raises GridjaxError for invalid options.
    """
    options = options or InputOptions()
    options.check()
    of_cells = [name for name in ("spikes", "cells", "activity") if getattr(options, name)]
    if path_only and of_cells:
        what = f"{', '.join(of_cells)} would have no effect with path_only"
        raise GridjaxError(Problem(what, fix=f"leave {', '.join(of_cells)} out"))
    paths = _expanded(names, problems)
    if options.spikes is not None and len(paths) > 1:
        what = f"--spikes {shown(options.spikes)} is given with {len(paths)} inputs"
        raise GridjaxError(Problem(what, fix="give one input and its spikes in each call"))
    return [_read(path, options, path_only) for path in paths]


def _expanded(names: Sequence[str | Path], problems: Problems) -> list[str]:
    paths: dict[str, None] = {}
    for name in map(str, names):
        matches = _matches(Path(name)) if name else []
        if not matches:
            fix = f"give a file that exists, of one of these types: {endings()}"
            problems.add("no such file", Place(shown(name)), fix)
        for path in matches:
            if words := flaw(path):
                problems.add(f"the name {words}", Place(shown(path)), "rename the file")
            else:
                paths[path] = None
    # a pattern such as *.csv also matches files of spikes, which are read together with their paths
    return [path for path in paths if path_of_spikes(path) not in paths]


def _matches(pattern: Path) -> list[str]:
    try:
        if pattern.exists():
            return [str(pattern)]
        matches = Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor)))
        return sorted(map(str, matches))
    except (ValueError, OSError):
        return []


def _read(path: str, options: InputOptions, path_only: bool) -> ReadFile:
    reading = Reading(path, options, path_only)
    known = format_of(reading)
    result = None
    if known is not None:
        # --activity concerns the file that gives the cells
        others = () if options.spikes is None else ("activity",)
        _refuse_unused(reading, known, [name for name in _OWN_OPTIONS if name not in others])
        result = known.read(reading)
        if isinstance(result, MapSet):
            _refuse_options_of_sessions(reading)
        if isinstance(result, MapSet) and path_only:
            reading.refuse("holds maps and no path", "give the file of a session")
        if isinstance(result, RawSession) and options.axes != InputOptions().axes:
            fix = "remove --axes, or give maps and sessions in two calls"
            reading.refuse("holds a session, but --axes applies to maps only", fix)
        if isinstance(result, RawSession) and path_only:
            result = without_cells(result)
        if isinstance(result, RawSession) and options.spikes is not None:
            result = _with_other_spikes(reading, result)
        if isinstance(result, RawSession):
            result = chosen_cells(result, options.cells, reading.problems)
        if isinstance(result, RawSession):
            result = checked_session(result, options, reading.problems, path_only)
    if reading.problems.found:
        result = None
    return ReadFile(path, known.name if known else "", reading.found, result, reading.problems)


def _refuse_unused(reading: Reading, known: Format, names: Sequence[str]) -> None:
    """Add a problem if some of the named options are given that the format does not use."""
    usual, given = InputOptions(), reading.options
    unused = [
        _OWN_OPTIONS[name]
        for name in names
        if name not in known.options and getattr(given, name) != getattr(usual, name)
    ]
    if unused:
        what = f"{known.name}: {', '.join(unused)} would have no effect"
        reading.refuse(what, f"leave {', '.join(unused)} out ({GUIDE})")


def _refuse_options_of_sessions(reading: Reading) -> None:
    """Add a problem if options are given that rate maps do not use."""
    usual, given = InputOptions(), reading.options
    unused = [
        option
        for name, option in _OF_SESSIONS.items()
        if getattr(given, name) != getattr(usual, name)
    ]
    if unused:
        options, apply = ", ".join(unused), "applies" if len(unused) == 1 else "apply"
        what = f"holds maps, but {options} {apply} to sessions only"
        reading.refuse(what, f"remove {options}, or give maps and sessions in two calls")


def _with_other_spikes(reading: Reading, raw: RawSession) -> RawSession | None:
    """Return a session with the spikes of the file that --spikes names."""
    path = reading.options.spikes or ""
    other = replace(reading, path=path)
    if not path or flaw(path) or not Path(path).exists():
        reading.problems.add("no such file", Place(shown(path)), "give --spikes a file that exists")
        return None
    known = format_of(other)
    if known is None:
        return None
    if known.spikes is None:
        other.refuse(
            f"{known.name}: holds no spikes", f"give --spikes another file ({GUIDE}#spikes)"
        )
        return None
    options = reading.options
    if options.rate_hz is not None and options.time_units != "samples" and known is not SORTER:
        other.refuse("--time-units samples and --rate belong together", "give both, or neither")
        return None
    _refuse_unused(other, known, ["activity"])
    reading.say(f"{shown(path)}: {known.name}")
    spikes = known.spikes(other)
    return None if spikes is None else with_spikes_of(raw, spikes)
