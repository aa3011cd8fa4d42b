"""Arrays of other shapes than those of this library, brought into the form of ``named_arrays``.

Matrices of counts, spike times padded to a matrix, the spikes of a single cell, arrays such as
cell_3, positions with a third column, and a frame rate in place of times.
"""

from __future__ import annotations

import re

import numpy as np

from gridjax.recordings.formats.reading import is_number

_TRAINS = ("spikes", "spike_train", "spiketrain")
_MATRICES = (*_TRAINS, "spike_times", "spike_counts", "counts", "spike_matrix")
_CELL = re.compile(r"(cell|unit|neuron|clu|cluster)[_-]?\d+", re.IGNORECASE)
_RATES = ("fps", "frame_rate", "framerate", "sampling_rate", "sample_rate", "fs")


def with_usual_forms(arrays: dict[str, np.ndarray], remarks: list[str]) -> dict[str, np.ndarray]:
    """Return the arrays of a session; what is read in another way than it stands is a remark.

    Arrays that cannot be meant so stay as they are.

    Args:
        arrays: the arrays under the names of ``named_arrays``.
        remarks: list of remarks.
    """
    own = dict(arrays)
    _take_path(own, remarks)
    n_samples = own["times"].size if "times" in own else None
    has_spikes = any(name.startswith("spikes_") for name in own) or "activity" in own
    if not has_spikes and "spike_cells" not in own:
        _take_matrix(own, n_samples, remarks)
    if not has_spikes and not any(name.startswith("spike") for name in own):
        for name in [name for name in own if _CELL.fullmatch(name) and own[name].ndim == 1]:
            own[f"spikes_{name}"] = own.pop(name)
    if "activity" in own and own["activity"].ndim == 1:
        own["activity"] = own["activity"][:, None]
    cells = own.get("spike_cells")
    if cells is not None and cells.dtype.kind == "f" and (np.mod(cells, 1) == 0).all():
        own["spike_cells"] = cells.astype(np.int64)
    elif cells is not None and cells.dtype.kind == "S":
        own["spike_cells"] = np.char.decode(cells, "utf-8", "replace")
    return own


def two_points(own: dict[str, np.ndarray]) -> str:
    """Return the arrays that look like the paths of two LEDs, with their shape; empty for none.

    Args:
        own: the arrays under the names of ``named_arrays``.
    """
    x, y, positions = own.get("x"), own.get("y"), own.get("positions")
    if positions is None and x is not None and y is not None:
        is_pair = x.shape == y.shape and x.ndim == 2 and min(x.shape) == 2 < max(x.shape)
        return f"x and y have shape {x.shape}" if is_pair else ""
    if positions is None or not is_number(positions) or max(positions.shape, default=0) <= 5:
        return ""
    sides = sorted(positions.shape)
    is_pair = sides[:-1] in ([4], [2, 2])
    if sides[:-1] == [5]:  # the time, and two points
        clock = positions[:, 0] if positions.shape[1] == 5 else positions[0]
        is_pair = bool((np.diff(clock) > 0).all())
    return f"positions have shape {positions.shape}" if is_pair else ""


def _take_path(own: dict[str, np.ndarray], remarks: list[str]) -> None:
    """Replace positions of three columns, and a frame rate without times, in place."""
    positions, times = own.get("positions"), own.get("times")
    if positions is None or positions.ndim != 2 or not is_number(positions):
        return
    if positions.shape[1] == 3 and len(positions) > 3:
        first = positions[:, 0]
        is_clock = bool((np.diff(first) > 0).all())
        if is_clock and times is None:
            own["times"], own["positions"] = first, positions[:, 1:]
            remarks.append("positions have three columns, read as time, x and y")
        elif is_clock:
            own["positions"] = positions[:, 1:]
            remarks.append("positions have three columns, of which the first increases: not read")
        elif times is not None:
            own["positions"] = positions[:, :2]
            remarks.append("positions have three columns; the first two are read as x and y")
    rates = [name for name in _RATES if name in own and own[name].size == 1]
    if "times" not in own and len(rates) == 1:
        rate = float(own.pop(rates[0]).reshape(-1)[0])
        if rate > 0:
            own["times"] = np.arange(len(own["positions"])) / rate
            remarks.append(f"no times: {rate:g} samples in 1 s ({rates[0]}), the first at 0 s")


def _take_matrix(own: dict[str, np.ndarray], n_samples: int | None, remarks: list[str]) -> None:
    """Replace counts of all cells, padded spike times, or the spikes of one cell, in place."""
    names = [name for name in _MATRICES if name in own and is_number(own[name])]
    if len(names) != 1:
        return
    (name,) = names
    array = own[name]
    if array.ndim == 1 and name in _TRAINS:
        own["spikes_0"] = own.pop(name)
        remarks.append(f"{name}: read as the spikes of a single cell")
    if array.ndim != 2 or not array.size:
        return
    with np.errstate(invalid="ignore"):
        is_count = bool((array == np.floor(array)).all() and (array >= 0).all())
    sides = [axis for axis in (0, 1) if array.shape[axis] == n_samples]
    if is_count and len(sides) == 1:
        rows = np.moveaxis(array, sides[0], 1)
        what = (
            "counts of spikes [sample, cell]"
            if sides[0] == 0
            else "counts of spikes [cell, sample]"
        )
    elif name in ("spikes", "spike_times") and not is_count:
        found = _padded(array)
        if found is None:
            return
        rows, what = found, "spike times, one row for each cell"
        if rows is not array:
            what = "spike times, one column for each cell"
    else:
        return
    del own[name]
    n_padding = 0
    for cell, row in enumerate(rows):
        train = row if is_count else _without_padding(row)
        n_padding += len(row) - len(train)
        own[f"spikes_{cell}"] = train.astype(np.int64) if row.dtype == bool else train
    padding = f"; {n_padding:,} values of padding left out" if n_padding else ""
    remarks.append(f"{name}: read as {what}, {len(rows):,} cells{padding}")


def _padded(array: np.ndarray) -> np.ndarray | None:
    """Return rows of spike times; None if neither rows nor columns increase but for padding."""
    for rows in (array, array.T):
        if all((np.diff(_without_padding(row)) >= 0).all() for row in rows):
            return rows
    return None


def _without_padding(row: np.ndarray) -> np.ndarray:
    """Return the values of a row before NaN and zeros at its end."""
    used = np.flatnonzero(np.isfinite(row) & (row != 0))
    return row[: used[-1] + 1] if len(used) else row[:0]
