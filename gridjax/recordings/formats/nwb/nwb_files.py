"""Neurodata Without Borders (NWB) files by pynwb: a spatial series, and units or ROIs."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

import numpy as np

from gridjax.io.text import shown
from gridjax.io.unit_names import length_unit
from gridjax.recordings.formats.nwb.nwb_activity import responses, roi_activity
from gridjax.recordings.formats.nwb.nwb_epochs import epoch_windows
from gridjax.recordings.formats.nwb.nwb_series import (
    PAGE,
    chosen_series,
    note_series,
    series_of,
    series_times,
    series_values,
)
from gridjax.recordings.formats.reading import GUIDE, Reading
from gridjax.recordings.session import RawSession, Spikes

_QUALITIES = ("quality", "group", "KSLabel", "ks_label", "cluster_quality")


def nwb_session(reading: Reading) -> RawSession | None:
    """Return the session of a spatial series and of units or ROIs; None after a problem."""
    return _opened(reading, _session)


def nwb_spikes(reading: Reading) -> Spikes | None:
    """Return the spikes of the units, or the activity of ROIs; None after a problem."""
    return _opened(reading, _cells)


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
        fix = f"check the file with the program nwbinspector ({PAGE})"
        reading.refuse(f"cannot be read by pynwb: {reason}", fix)
        return None


def _session(reading: Reading, file: Any) -> RawSession | None:
    series = _path(reading, file)
    spikes = _cells(reading, file)
    if series is None or spikes is None:
        return None
    name, values = series
    windows, told = epoch_windows(reading, file)
    remarks = [f"positions from {name}", *told, *spikes.remarks]
    positions = _positions(reading, name, values, remarks)
    times = None if positions is None else series_times(reading, name, values, len(positions))
    if times is None or positions is None:
        return None
    unit = length_unit(str(values.unit))
    if unit is None and reading.options.units is None:
        what = f"{name} has positions in {shown(str(values.unit))}, which is not a known unit"
        reading.refuse(what, f"give their unit: --units m, cm, mm or px ({PAGE})")
        return None
    activity = spikes.activity
    return RawSession(
        reading.path,
        positions,
        times,
        spikes.trains,
        reading.path,
        activity=None if activity is None else activity.values,
        activity_cells=() if activity is None else activity.cells,
        activity_times=None if activity is None else activity.times,
        unit=unit,
        time_unit="s",
        spike_time_unit="s",
        windows_s=windows,
        remarks=tuple(remarks),
    )


def _path(reading: Reading, file: Any) -> tuple[str, Any] | None:
    """Return the spatial series of --series, or the only one with x and y; None after a problem."""
    found = {}
    for name, each in series_of(file, "SpatialSeries").items():
        note_series(reading, name, each)
        kind = type(each.parent).__name__
        is_path = len(each.data.shape) == 2 and each.data.shape[1] >= 2
        if is_path and kind not in ("CompassDirection", "EyeTracking", "PupilTracking"):
            found[name] = each
    if not found:
        fix = f"give the path in another file, and this one with --spikes ({PAGE})"
        reading.refuse("has no spatial series with x and y", fix)
        return None
    return chosen_series(reading, found, reading.options.series, "--series", "spatial series")


def _positions(reading: Reading, name: str, series: Any, remarks: list[str]) -> np.ndarray | None:
    """Return positions in the unit of the series."""
    values = series_values(reading, name, series)
    if values is not None and values.shape[0] in (2, 3) and values.shape[1] > 3:
        remarks.append(f"{name} is read as [axis, sample], the reverse of what NWB says")
        values = values.T
    if values is not None and values.shape[1] > 2:
        remarks.append(f"{name} has {values.shape[1]} columns; the first two are read as x and y")
    return None if values is None else values[:, :2]


def _cells(reading: Reading, file: Any) -> Spikes | None:
    """Return the spikes of the units, or the activity of ROIs; None after a problem.

    Activity is read if --activity names it, or if the file has no units.
    """
    if reading.path_only:
        return Spikes({}, reading.path)
    options, table = reading.options, file.units
    found = responses(reading, file)
    n_units = 0 if table is None else len(table.id)
    has_units = n_units > 0
    if reading.may_lack_spikes and options.spikes != reading.path:
        return _units(reading, file) if has_units else Spikes({}, reading.path)
    if options.activity is not None or (found and not has_units):
        spikes = roi_activity(reading, found)
        if has_units and spikes is not None:
            remark = f"{n_units:,} units not used: --activity gives the cells"
            spikes = spikes._replace(remarks=(*spikes.remarks, remark))
        return spikes
    if not has_units:
        fix = f"give the spikes in another file with --spikes ({GUIDE}#spikes)"
        reading.refuse("has no units table and no responses of ROIs", fix)
        return None
    spikes = _units(reading, file)
    if found and spikes is not None:
        listed = ", ".join(map(shown, found))
        remark = f"{listed} not used: --activity chooses one in place of the units"
        spikes = spikes._replace(remarks=(*spikes.remarks, remark))
    return spikes


def _units(reading: Reading, file: Any) -> Spikes | None:
    """Return the spikes of the units table; None after a problem."""
    table = file.units
    if "spike_times" not in table.colnames:
        fix = f"give a file with the spike times of units ({PAGE})"
        reading.refuse("its units table has no spike_times", fix)
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
    return Spikes(trains, reading.path, remarks=tuple(remarks), time_unit="s")
