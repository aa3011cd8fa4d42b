"""Maps, paths and spikes among the variables of a MATLAB file, by their usual names."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridjax.io.text import flaw
from gridjax.recordings.formats.array_names import own_name
from gridjax.recordings.formats.named_arrays import named_session, named_spikes
from gridjax.recordings.formats.reading import GUIDE, Reading, is_number
from gridjax.recordings.map_set import MAP_NAMES, MapSet, has_cells_last, map_set
from gridjax.recordings.session import RawSession, Spikes

_SPIKES = {"spikes", "spike_times", "spiketimes", "spike_ts", "spk", "spiketrains", "cellts"}
"""Names of cell arrays and fields of structs that hold spikes, in lower case."""
_SINGLE = {"spikes", "spike_ts", "spk", "cellts"}
"""Names of an array that is the spike train of a single cell, in lower case."""
_TRAIN = {"spiketrain", "spike_train"}
"""Names, in lower case, of such an array that is used only if no other variable holds spikes: it
usually holds counts of the spikes in each sample."""
_OF_SPIKES = ("spike", "spk", "unit", "cell", "neuron", "cluster")
_OF_PATH = ("pos", "track", "behav", "path", "video")
"""Parts of the names of structs of spikes, and of structs of a path."""
_TIMES = {"t", "ts", "time", "times", "timestamps"}
_NAMES = ("name", "id", "label", "cluster", "unit")
_FIX = f"save one variable of each: positions (or x and y), times, spikes ({GUIDE}#matlab)"


def maps_or_session(reading: Reading, variables: dict[str, Any]) -> MapSet | RawSession | None:
    """Return the maps or the session in variables; add problems and return None if there are none.

    Args:
        reading: the reading of the file.
        variables: plain values of ``matlab_files``.
    """
    flat = _flat(variables)
    _say(reading, flat)
    arrays = _named(reading, flat)
    if arrays is None:
        return None
    has_path = {"times", "positions", "x", "y"} & set(arrays)
    is_map = {name: value for name, value in flat.items() if _leaf(name) in MAP_NAMES}
    numbers = [name for name, value in flat.items() if isinstance(value, np.ndarray)]
    if not has_path and not is_map and len(numbers) == 1:
        is_map = {name: flat[name] for name in numbers}
    if has_path and is_map:
        fix = "put maps and sessions into separate files"
        reading.refuse(f"holds maps ({', '.join(is_map)}) and also a session", fix)
    elif len(is_map) > 1:
        reading.refuse(f"holds several variables of maps: {', '.join(is_map)}", "save one of them")
    elif is_map:
        ((name, value),) = is_map.items()
        return _maps(reading, name, value)
    elif not has_path:
        reading.refuse(f"holds {_listed(flat)}, and neither maps nor a path", _FIX)
    else:
        return named_session(reading, arrays, leaves_out=True)
    return None


def spikes(reading: Reading, variables: dict[str, Any]) -> Spikes | None:
    """Return the spikes in variables; add a problem and return None if there are none."""
    flat = _flat(variables)
    _say(reading, flat)
    arrays = _named(reading, flat)
    return None if arrays is None else named_spikes(reading, arrays)


def _flat(variables: dict[str, Any], within: str = "") -> dict[str, Any]:
    """Return the variables and the fields of structs by dotted name, without unreadable values."""
    flat = {}
    for name, value in variables.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{within}{name}.")
        elif value is not None and not flaw(name):
            flat[f"{within}{name}"] = value
    return flat


def _leaf(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _say(reading: Reading, flat: dict[str, Any]) -> None:
    for name, value in flat.items():
        if isinstance(value, np.ndarray):
            reading.note(name, value)
        elif isinstance(value, list):
            kind = "structs" if value and all(isinstance(each, dict) for each in value) else "cells"
            reading.say(f"{name}: array of {len(value)} {kind}")
        else:
            reading.say(f"{name}: text")


def _listed(flat: dict[str, Any]) -> str:
    names = list(flat)
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return (", ".join(names[:8]) or "nothing") + more


def _named(reading: Reading, flat: dict[str, Any]) -> dict[str, np.ndarray] | None:
    """Return the arrays under the names of sessions, and spikes as one array for each cell.

    If several variables fit one name, the one in the fewest nested structs is used; if several are
    left, the one in a struct of a path. If several are still left, add a problem and return None.
    """
    meant: dict[str, list[str]] = {}
    trains: dict[str, dict[str, np.ndarray]] = {}
    others: dict[str, np.ndarray] = {}
    for name, value in flat.items():
        if found := _trains(name, value) or _single_unit(name, flat):
            trains[name] = found
        elif isinstance(value, np.ndarray) and is_number(value):
            joined = own_name(name.replace(".", "_").lower())  # pos.x is pos_x
            leaf = name.rpartition(".")[2]
            own = joined if joined in ("x", "y") else own_name(leaf) or own_name(leaf.lower())
            is_of_spikes = any(word in name.rpartition(".")[0].lower() for word in _OF_SPIKES)
            if own is None or (is_of_spikes and not own.startswith("spike")):
                others[name] = value
            else:
                meant.setdefault(own, []).append(name)
    arrays = dict(others)
    for own, names in meant.items():
        depth = min(name.count(".") for name in names)
        first = [name for name in names if name.count(".") == depth]
        if len(first) > 1:
            of_path = [name for name in first if any(word in name.lower() for word in _OF_PATH)]
            first = of_path if len(of_path) == 1 else first
        if len(first) > 1:
            reading.refuse(f"holds several variables of {own}: {', '.join(names)}", _FIX)
            return None
        arrays |= {own if name in first else name: flat[name] for name in names}
    cells = arrays.get("spike_cells")
    if cells is not None and cells.dtype.kind == "f" and (np.mod(cells, 1) == 0).all():
        arrays["spike_cells"] = cells.astype(np.int64)  # MATLAB's numbers are doubles
    if len(trains) > 1:
        second = {name for name in trains if _leaf(name) in _TRAIN}
        first_choice = {name: each for name, each in trains.items() if name not in second}
        if len(first_choice) == 1:
            arrays |= {name: flat[name] for name in second}
            trains = first_choice
    if len(trains) > 1:
        reading.refuse(f"holds several variables of spikes: {', '.join(trains)}", _FIX)
        return None
    for found in trains.values():
        arrays |= {f"spikes_{cell}": train for cell, train in found.items()}
    return arrays


def _trains(name: str, value: Any) -> dict[str, np.ndarray] | None:
    """Return the spike times of each cell in a cell array, in structs, or in a single train.

    Cells without a name are numbered from 1, as in MATLAB.
    """
    parent, leaf = name.rpartition(".")[0].lower(), _leaf(name)
    is_of_spikes = any(word in parent for word in _OF_SPIKES)
    is_named = leaf in _SPIKES or (is_of_spikes and leaf in _TIMES)
    if isinstance(value, np.ndarray):
        is_train = leaf in _SINGLE | _TRAIN and is_number(value) and _is_vector(value)
        return {name: value.reshape(-1)} if is_train else None
    if not isinstance(value, list) or not value:
        return None
    while all(isinstance(each, list) and len(each) == 1 for each in value):
        value = [each[0] for each in value]  # a cell in each cell
    if all(isinstance(each, dict) for each in value):
        is_unit = is_named or any(word in leaf for word in _OF_SPIKES)
        fields = _SPIKES | (_TIMES if is_unit else set())
        return _trains_of_structs(value, fields)
    is_cells = is_named or leaf in ("units", "cells", "neurons")
    if not is_cells:
        return None
    trains = _numbered(value)
    if not trains or not all(isinstance(each, np.ndarray) for each in trains.values()):
        return None
    if not all(is_number(each) and _is_vector(each) for each in trains.values()):
        return None
    return {cell: each.reshape(-1) for cell, each in trains.items()}


def _numbered(value: list[Any]) -> dict[str, Any]:
    """Return what is in a cell array by its number, such as 3; by all numbers, such as 2_1, if some
    cells hold cells."""
    found = {}
    for at, each in enumerate(value, 1):
        within = _numbered(each) if isinstance(each, list) else {"": each}
        found |= {f"{at}_{name}" if name else str(at): one for name, one in within.items()}
    return found


def _single_unit(name: str, flat: dict[str, Any]) -> dict[str, np.ndarray] | None:
    """Return the spike train of a struct of one unit; None for any other variable.

    MATLAB stores one struct and an array of one struct in the same way. A field with as many values
    as there are spikes may be the cluster of each spike; the struct is then not a single unit.
    """
    parent, _, leaf = name.rpartition(".")
    value = flat[name]
    is_unit = any(word in parent.lower() for word in _OF_SPIKES)
    is_train = is_unit and leaf.lower() in _SPIKES | _TIMES and isinstance(value, np.ndarray)
    if not is_train or not is_number(value) or not _is_vector(value):
        return None
    fields = {
        each: flat[each] for each in flat if each != name and each.rpartition(".")[0] == parent
    }
    if any(isinstance(each, np.ndarray) and each.size == value.size for each in fields.values()):
        return None
    struct = {each.rpartition(".")[2]: field for each, field in fields.items()}
    return _trains_of_structs([struct | {leaf: value}], {leaf.lower()})


def _trains_of_structs(structs: list[dict], fields: set[str]) -> dict[str, np.ndarray] | None:
    found = [name for name in structs[0] if name.lower() in fields]
    if len(found) != 1:
        return None
    values = [struct.get(found[0]) for struct in structs]
    if not all(isinstance(each, np.ndarray) and _is_vector(each) for each in values):
        return None
    names = [str(1 + at) for at in range(len(structs))]
    for field in structs[0]:
        given = [_name(struct.get(field)) for struct in structs]
        if field.lower() in _NAMES and all(given) and len(set(given)) == len(given):
            names = [each or "" for each in given]
            break
    return dict(zip(names, [np.asarray(each).reshape(-1) for each in values], strict=True))


def _name(value: Any) -> str | None:
    """Return a text or a whole number as a name; None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, np.ndarray) and value.size == 1 and is_number(value):
        number = value.item()
        return f"{number:.0f}" if number == int(number) else None
    return None


def _is_vector(array: np.ndarray) -> bool:
    return array.size == 0 or array.size == max(array.shape, default=0)


def _maps(reading: Reading, name: str, value: Any) -> MapSet | None:
    """Return maps [x, y], [x, y, cell], [cell, x, y], or a cell array of maps."""
    fix = f"save maps [x, y, cell] of square bins ({GUIDE}#matlab)"
    cells, array = None, value
    if isinstance(value, list):
        shapes = {each.shape if isinstance(each, np.ndarray) else None for each in value}
        if len(shapes) != 1 or None in shapes:
            reading.refuse(f"{name} are cells of different shapes", fix)
            return None
        cells, array = [str(1 + at) for at in range(len(value))], np.stack(value)
    elif isinstance(value, np.ndarray) and value.ndim == 3:
        first, second, last = value.shape
        is_last = has_cells_last(value)
        if not is_last and (first == second) == (second == last):
            what = f"{name} has shape {value.shape}: the axis of the cells is not clear"
            reading.refuse(what, f"give a cell array of maps; {fix}")
            return None
        array = np.moveaxis(value, -1, 0) if is_last or first == second else value
        cells = [str(1 + at) for at in range(len(array))]
    remarks = []
    if reading.options.axes == "xy":
        remarks.append(f"the rows of {name} are read as x; if they are y, add --axes yx")
    return map_set(reading, name, np.asarray(array), cells, remarks)
