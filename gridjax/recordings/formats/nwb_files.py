"""Neurodata Without Borders (NWB) files: a spatial series and the units table, read with pynwb."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

import numpy as np

from gridjax.io.text import shown
from gridjax.recordings.formats.reading import GUIDE, Reading
from gridjax.recordings.session import RawSession, Spikes

UNITS = {
    **dict.fromkeys(("m", "meter", "meters", "metre", "metres"), "m"),
    **dict.fromkeys(("cm", "centimeter", "centimeters", "centimetre", "centimetres"), "cm"),
    **dict.fromkeys(("mm", "millimeter", "millimeters", "millimetre", "millimetres"), "mm"),
    **dict.fromkeys(("px", "pixel", "pixels"), "px"),
}
"""Spellings of units of length, in lower case."""
_QUALITIES = ("quality", "group", "KSLabel", "ks_label", "cluster_quality")
_PAGE = f"{GUIDE}#nwb"


def nwb_session(reading: Reading) -> RawSession | None:
    """Return the session of a spatial series and the units table; None after a problem."""
    return _opened(reading, _session)


def nwb_spikes(reading: Reading) -> Spikes | None:
    """Return the spikes of the units table; None after a problem."""
    return _opened(reading, _units)


def _opened(reading: Reading, read: Any) -> Any:
    pynwb = reading.library("pynwb", "NWB files")
    if pynwb is None:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # warnings about old versions of the schema
            with pynwb.NWBHDF5IO(reading.path, "r", load_namespaces=True) as file:
                return read(reading, file.read())
    except Exception as error:  # pynwb, hdmf and h5py raise many kinds for damaged files
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        fix = f"check the file with the program nwbinspector ({_PAGE})"
        reading.refuse(f"cannot be read by pynwb: {reason}", fix)
        return None


def _session(reading: Reading, file: Any) -> RawSession | None:
    series = _chosen(reading, _all_series(reading, file))
    spikes = Spikes({}, reading.path) if file.units is None else _units(reading, file)
    if series is None or spikes is None:
        return None
    if file.units is None and not reading.may_lack_spikes:
        fix = f"give the spikes in another file with --spikes ({GUIDE}#spikes)"
        reading.refuse("has no units table", fix)
        return None
    name, values = series
    remarks = [f"positions from {name}", *spikes.remarks]
    times = _times(reading, name, values)
    positions = _positions(reading, name, values, remarks)
    if times is None or positions is None:
        return None
    unit = UNITS.get(str(values.unit).strip().lower())
    if unit is None and reading.options.units is None:
        what = f"{name} has positions in {shown(str(values.unit))}, which is not a known unit"
        reading.refuse(what, f"give their unit: --units m, cm, mm or px ({_PAGE})")
        return None
    return RawSession(
        reading.path,
        positions,
        times,
        spikes.trains,
        reading.path,
        unit=unit,
        remarks=tuple(remarks),
    )


def _all_series(reading: Reading, file: Any) -> dict[str, Any]:
    """Return the spatial series of a file by their path in it, with at least two columns."""
    found = {}
    for each in file.objects.values():
        kinds = {kind.__name__ for kind in type(each).__mro__}
        if "RoiResponseSeries" in kinds:
            reading.note(_path(each), each.data, "not used")
        if "SpatialSeries" not in kinds:
            continue
        name = _path(each)
        clock = f"{each.rate:g} Hz" if each.rate else "timestamps"
        scale = f"{each.conversion:g} x + {each.offset:g} {each.unit}"
        reading.note(name, each.data, f"{scale}, {clock}")
        kind = type(each.parent).__name__
        is_path = len(each.data.shape) == 2 and each.data.shape[1] >= 2
        if is_path and kind not in ("CompassDirection", "EyeTracking", "PupilTracking"):
            found[name] = each
    return dict(sorted(found.items()))


def _path(series: Any) -> str:
    parts = [series.name]
    parent = series.parent
    while parent is not None and type(parent).__name__ != "NWBFile":
        parts.append(parent.name)
        parent = parent.parent
    return "/".join(reversed(parts))


def _chosen(reading: Reading, found: dict[str, Any]) -> tuple[str, Any] | None:
    """Return the series that --series names, or the only one; None after a problem."""
    wanted = reading.options.series
    fitting = [
        name
        for name in found
        if wanted is None or name == wanted or f"/{name}".endswith(f"/{wanted}")
    ]
    if len(fitting) == 1:
        return fitting[0], found[fitting[0]]
    listed = ", ".join(map(shown, found))
    if not found:
        fix = f"give the path in another file, and this one with --spikes ({_PAGE})"
        reading.refuse("has no spatial series with x and y", fix)
    elif wanted is not None and not fitting:
        reading.refuse(f"has no spatial series {shown(wanted)}", f"choose --series from {listed}")
    else:
        what = f"has {len(fitting)} spatial series: {', '.join(map(shown, fitting))}"
        reading.refuse(what, f"choose one, such as --series {shown(fitting[0])} ({_PAGE})")
    return None


def _times(reading: Reading, name: str, series: Any) -> np.ndarray | None:
    """Return the times of the samples, seconds."""
    if series.timestamps is not None:
        return np.asarray(series.timestamps[:], float)
    if not series.rate or not series.rate > 0:
        reading.refuse(f"{name} has neither timestamps nor a rate", f"write one of them ({_PAGE})")
        return None
    return (series.starting_time or 0.0) + np.arange(len(series.data)) / series.rate


def _positions(reading: Reading, name: str, series: Any, remarks: list[str]) -> np.ndarray | None:
    """Return positions in the unit of the series: data times conversion plus offset."""
    data = np.asarray(series.data[:])
    if data.dtype.kind not in "iuf":
        reading.refuse(f"{name} is {data.dtype}", f"write numbers ({_PAGE})")
        return None
    if data.shape[1] > 2:
        remarks.append(f"{name} has {data.shape[1]} columns; the first two are read as x and y")
    return data[:, :2] * float(series.conversion) + float(series.offset)


def _units(reading: Reading, file: Any) -> Spikes | None:
    """Return the spikes of the units table; None after a problem."""
    table = file.units
    if table is None or "spike_times" not in table.colnames:
        what = "has no units table" if table is None else "its units table has no spike_times"
        reading.refuse(what, f"give a file with the spike times of units ({_PAGE})")
        return None
    trains = {
        str(name): np.asarray(table.get_unit_spike_times(at), float)
        for at, name in enumerate(table.id[:])
    }
    n_spikes = sum(map(len, trains.values()))
    columns = ", ".join(map(shown, table.colnames))
    reading.say(f"units: {len(trains):,} units, {n_spikes:,} spikes, columns {columns}")
    remarks = []
    if "obs_intervals" in table.colnames:
        remarks.append("obs_intervals of the units not used: all tracked time is scored")
    for column in _QUALITIES:
        if column in table.colnames:
            counts = Counter(map(str, table[column][:]))
            listed = ", ".join(f"{n} {shown(value)}" for value, n in counts.most_common(6))
            remarks.append(f"units by {column}: {listed}; --cells chooses units")
            break
    return Spikes(trains, reading.path, remarks=tuple(remarks))
