"""Unit of the times of spikes and of the path; spike times in place of counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from gridjax.metrics.ratemaps.spike_counts import is_counts, times_of_counts
from gridjax.recordings.input_options import InputOptions
from gridjax.recordings.session import RawSession

FIX = "give spikes in seconds on the clock of the positions, and within it"
_RATES = (
    10e3,
    12207.03125,
    20e3,
    24e3,
    24414.0625,
    25e3,
    30e3,
    32e3,
    40e3,
    44.1e3,
    48e3,
    48828.125,
    50e3,
)
"""Usual samples per second of amplifiers."""
_GUESSES = (
    *((1 / 60, "--time-units min"), (1e3, "--time-units ms"), (1e6, "--time-units us")),
    (1e9, "--time-units ns"),
    *((rate, f"--time-units samples --rate {rate:.10g}") for rate in _RATES),
)
"""Possible units of spike times other than seconds: (units per second, options)."""
_LEAST_SPAN = 0.8
"""Smallest share of the session that the spikes must span in a unit to suggest it."""


def in_seconds(
    raw: RawSession, options: InputOptions, remarks: list[str]
) -> tuple[RawSession, list[str]]:
    """Return the session with times in seconds, and the cells with counts in place of spike times.

    Spikes are in the unit that their file states, else in that of --time-units, else in that of the
    path or in seconds, whichever lets them fill more of the session. If the file of the path states
    no unit, its times are in the unit of --time-units, or else of the spikes, if most spikes then
    lie between its first and its last time; otherwise they are in seconds.
    """
    times, n_samples = raw.times, len(raw.times)
    with_counts = [
        cell
        for cell, train in raw.spikes.items()
        if raw.spike_lines is None and is_counts(train, n_samples)
    ]
    unit = raw.spike_time_unit or options.time_units or _unit_like(raw, options, with_counts)
    trains = {
        cell: _scaled(train, options.per_second(unit))
        for cell, train in raw.spikes.items()
        if cell not in with_counts
    }
    counts = {cell: raw.spikes[cell] for cell in with_counts}
    activity_times = raw.activity_times
    if activity_times is not None:
        activity_times = _scaled(activity_times, options.per_second(unit))
    of_path = raw.time_unit
    if of_path is None:
        candidate = options.time_units or unit
        per_second = options.per_second(candidate)
        all_times = np.concatenate(list(trains.values())) if trains else np.empty(0)
        all_times = all_times if activity_times is None else activity_times
        # without spikes there is one clock alone
        is_one_clock = (
            n_samples < 2
            or not len(all_times)
            or share_within(all_times, times[0] / per_second, times[-1] / per_second) > 0.5
        )
        of_path = candidate if is_one_clock else "s"
    times = _scaled(times, options.per_second(of_path))
    if of_path != unit and (trains or activity_times is not None):
        remarks.append(f"spike times are in {unit}, times of positions in {of_path}")
    elif options.time_units is None and unit != "s":
        remarks.append(f"times in {unit}, as the file states")
    spikes = trains | counts
    return replace(raw, times=times, spikes=spikes, activity_times=activity_times), with_counts


def with_spike_times(raw: RawSession, with_counts: list[str], remarks: list[str]) -> RawSession:
    """Return the session with spike times in place of counts, if its clock does not go back.

    Args:
        raw: the session, in seconds.
        with_counts: cells with one count for each sample.
        remarks: list of remarks; gets one line about the counts.
    """
    if not with_counts:
        return raw
    remarks.append(
        f"{_cells(with_counts)}: one whole number for each sample, read as counts of spikes"
    )
    if len(raw.times) < 2 or not (np.diff(raw.times) >= 0).all():
        return raw
    found = {cell: times_of_counts(raw.spikes[cell], raw.times) for cell in with_counts}
    return replace(raw, spikes={**raw.spikes, **found})


def _unit_like(raw: RawSession, options: InputOptions, with_counts: list[str]) -> str:
    """Return the unit of times of cells whose file states none: that of the path, or seconds."""
    of_path = raw.time_unit or "s"
    trains = [train for cell, train in raw.spikes.items() if cell not in with_counts]
    all_times = (
        raw.activity_times
        if raw.activity_times is not None
        else np.concatenate([*trains, np.empty(0)])
    )
    start, end = (raw.times[[0, -1]] if len(raw.times) else np.zeros(2)) / options.per_second(
        of_path
    )
    spans = {"s": 0.0, of_path: 0.0}
    for unit in spans:
        scaled = all_times / options.per_second(unit)
        inside = scaled[(scaled >= start) & (scaled <= end)]
        spans[unit] = float(np.ptp(inside)) if 2 * len(inside) > len(scaled) else 0.0
    return "s" if spans["s"] > spans[of_path] else of_path


def guess(spikes: Float[np.ndarray, " spike"], start: float, end: float, frame_rate: float) -> str:
    """Return the options with which the spikes would fill the session; empty if there are none."""
    spikes = spikes[np.isfinite(spikes)]
    fitting = []
    frame_rate = float(f"{frame_rate:.6g}")
    frames = (frame_rate, f"--time-units samples --rate {frame_rate:g} (numbers of frames)")
    for per_second, options in (*_GUESSES, frames):
        scaled = spikes / per_second
        span = float(np.ptp(scaled)) / (end - start) if len(scaled) else 0.0
        if span >= _LEAST_SPAN and share_within(scaled, start, end) >= 1 - 1e-3:
            fitting.append((span, per_second, options))
    if not fitting:
        return ""
    span, per_second, options = max(fitting)
    return (
        f"{options}, if that is their unit (spike times divided by {per_second:,.10g} span"
        f" {100 * span:.3g} % of the session), or {FIX}"
    )


def _scaled(times: np.ndarray, per_second: float) -> np.ndarray:
    return times if per_second == 1 else times / per_second


def share_within(times: Float[np.ndarray, " time"], low: float, high: float) -> float:
    """Return the share of times from `low` to `high`; 1 if there are none."""
    return float(((times >= low) & (times <= high)).mean()) if len(times) else 1.0


def _cells(names: list[str]) -> str:
    return f"cell {names[0]}" if len(names) == 1 else f"{len(names)} cells"
