"""Positions in metres, NaN where the tracking was lost, and remarks on doubtful ones."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from gridjax.recordings.checks.path_cleaning import (
    FASTEST_M_S,
    SLOWEST_M_S,
    TYPICAL_M_S,
    is_normalised,
    longest_rest,
    placeholders,
    too_fast,
    typical_speed,
    wrong_frames,
)
from gridjax.recordings.input_options import InputOptions
from gridjax.recordings.session import RawSession

_LONGEST_REST_S = 60.0
"""Longest time at exactly one position that is not questioned, seconds."""
_MOST_TOO_FAST = 0.05
"""Largest share of steps that is told as jumps; more are a wrong unit or a fast animal."""


def question_units(
    positions: Float[np.ndarray, "sample 2"],
    options: InputOptions,
    is_given: bool,
    remarks: list[str],
) -> None:
    """Add a remark if positions look normalised, or like pixels.

    Args:
        positions: positions as the file has them.
        options: options with the unit of the positions.
        is_given: whether the unit comes from an option or from the file.
        remarks: list of remarks.
    """
    if not is_given and is_normalised(positions):
        remarks.append(
            f"x and y both span exactly {np.nanmin(positions):g} to 1, read in m: if they are"
            " normalised, give the scale as --units px --px-per-cm N; if not, --units m"
        )
    known = positions[np.isfinite(positions).all(axis=1)] if positions.ndim == 2 else positions[:0]
    if options.units in ("m", "cm") and len(known) and bool((known == np.floor(known)).all()):
        remarks.append(
            f"x and y are whole numbers, read in {options.units}: if they are pixels, give --units"
            " px --px-per-cm N"
        )


def tracked_positions(
    raw: RawSession, options: InputOptions, remarks: list[str]
) -> Float[np.ndarray, "sample 2"]:
    """Return positions in metres, NaN where the tracking was lost.

    Args:
        raw: the session, with times in seconds that increase.
        options: the unit of the positions, the arena and the position of lost frames.
        remarks: list of remarks; gets one line for each kind of lost or doubtful position.
    """
    per_metre, unit = options.per_metre, options.units
    given = raw.positions
    known = np.asarray(np.isfinite(given).all(axis=1))
    if options.lost is not None:
        is_lost = known & (given == np.asarray(options.lost)).all(axis=1)
        x, y = options.lost
        remarks.append(
            f"{_count(is_lost, 'sample')} at ({x:g}, {y:g}) {unit} count as lost (--lost)"
        )
        known = np.asarray(known & ~is_lost)
    if options.arena is not None:
        low, high = np.asarray(options.arena, float).T
        outside = known & ~((given >= low) & (given <= high)).all(axis=1)
        if outside.any():
            remarks.append(f"{_count(outside, 'sample')} outside of --arena count as lost")
        known = np.asarray(known & ~outside)
    with np.errstate(over="ignore", invalid="ignore"):
        positions = np.where(known[:, None], given / per_metre, np.nan)
        for each in placeholders(positions):
            at = _is_at(positions, each)
            x, y = given[np.flatnonzero(at)[0]]
            remarks.append(
                f"{_count(at, 'sample')} at exactly ({x:g}, {y:g}) {unit}, far from the"
                " rest of the path, count as lost"
            )
            positions[at] = np.nan
        wrong = wrong_frames(positions, raw.times)
        if wrong.any():
            remarks.append(
                f"{_count(wrong, 'sample')} in single or short runs, reached and left faster than"
                f" {FASTEST_M_S:g} m/s, the first at {raw.times[wrong][0]:.10g} s, count as lost"
            )
            positions[wrong] = np.nan
        _question_path(positions, raw.times, remarks)
    return positions


def _question_path(
    positions: Float[np.ndarray, "sample 2"],
    times: Float[np.ndarray, " sample"],
    remarks: list[str],
) -> None:
    """Add remarks on steps faster than an animal, on a long rest, and on the typical speed."""
    fast = too_fast(positions, times)
    if fast.any() and fast.sum() <= _MOST_TOO_FAST * len(fast):
        remarks.append(
            f"{_count(fast, 'step')} faster than {FASTEST_M_S:g} m/s, the first to"
            f" {times[fast][0]:.10g} s: if the tracker lost the animal there, give --arena, or"
            " --lost, or NaN in place of these positions"
        )
    start, end = longest_rest(positions, times)
    if end - start > _LONGEST_REST_S:
        remarks.append(
            f"the position is the same from {start:.10g} to {end:.10g} s: if the tracker had lost"
            " the animal, give NaN there; the time counts as tracked"
        )
    speed = typical_speed(positions, times)
    if speed > TYPICAL_M_S or speed < SLOWEST_M_S:
        which = "fast" if speed > TYPICAL_M_S else "slow"
        remarks.append(
            f"the median speed is {speed:.3g} m/s: if this is too {which} for the animal, give"
            " other --units or --time-units"
        )


def _is_at(positions, position) -> Bool[np.ndarray, " sample"]:
    return np.asarray((positions == position).all(axis=1))


def _count(mask: Bool[np.ndarray, " sample"], what: str) -> str:
    n = int(mask.sum())
    return f"{n:,} {what}{'s' * (n != 1)}"
