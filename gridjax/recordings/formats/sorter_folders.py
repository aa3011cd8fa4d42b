"""Folders of Kilosort and phy: spike times in samples, clusters, and their labels.

The file params.py is read as text and not executed.
"""

from __future__ import annotations

import ast
import csv
import math
from collections import Counter
from pathlib import Path

import numpy as np

from gridjax.io.npy_errors import NOT_NPY
from gridjax.io.text import shown
from gridjax.recordings.formats.reading import GUIDE, Reading
from gridjax.recordings.session import Spikes

TIMES, CLUSTERS, PARAMETERS = "spike_times.npy", "spike_clusters.npy", "params.py"
_LABELS = (
    ("cluster_group.tsv", "group"),
    ("cluster_groups.csv", "group"),
    ("cluster_info.tsv", "group"),
    ("cluster_KSLabel.tsv", "KSLabel"),
)
"""Files with labels of clusters, and their column; the first file that has any label counts."""
_IDS = ("cluster_id", "id")
_NO_LABELS = ("", "unsorted", "nan")
_UNLABELLED = "without label"
_PAGE = f"{GUIDE}#sorters"


def is_sorter_folder(path: str) -> bool:
    """Return whether a folder holds the spike times of a sorter."""
    return (Path(path) / TIMES).is_file()


def sorter_session(reading: Reading) -> None:
    """Add the problem that a folder of a sorter has no path."""
    fix = f"give the file of the path, and --spikes {shown(reading.path)} ({_PAGE})"
    reading.refuse("holds spikes without positions", fix)


def sorter_spikes(reading: Reading) -> Spikes | None:
    """Return the spikes of the good clusters; add a problem and return None if there are none.

    If --cells is given, clusters of every label are read.
    """
    times, clusters = (_array(reading, name) for name in (TIMES, CLUSTERS))
    rate = _rate(reading)
    if times is None or clusters is None or rate is None:
        return None
    if len(times) != len(clusters):
        what = f"{TIMES} has {len(times):,} spikes and {CLUSTERS} {len(clusters):,}"
        reading.refuse(what, f"give both files of one sorting ({_PAGE})")
        return None
    scaled = times.astype(float) / rate
    order = np.argsort(clusters, kind="stable")
    names, first = np.unique(clusters[order], return_index=True)
    parts = np.split(scaled[order], first[1:]) if len(names) else []
    trains = {str(name): part for name, part in zip(names, parts, strict=True)}
    labels, source = _labels(reading)
    counts = Counter(labels.get(name, _UNLABELLED) for name in trains)
    listed = ", ".join(f"{n:,} {shown(label)}" for label, n in sorted(counts.items()))
    reading.say(f"{len(times):,} spikes of {len(trains):,} clusters at {rate:g} samples per second")
    reading.say(f"clusters by {source}: {listed}" if source else "no labels of clusters")
    remarks = [f"{rate:g} samples per second ({_rate_source(reading)})"]
    if source is None:
        remarks.append("no labels of clusters: all are read; --cells chooses clusters")
    elif reading.options.cells is None:
        trains = {name: train for name, train in trains.items() if labels.get(name) == "good"}
        others = ", ".join(
            f"{n:,} {shown(label)}" for label, n in sorted(counts.items()) if label != "good"
        )
        if not trains:
            fix = f"label clusters in phy, or choose some with --cells ({_PAGE})"
            reading.refuse(f"{source} labels no cluster with spikes as good: {others}", fix)
            return None
        if others:
            remarks.append(
                f"{len(trains):,} clusters labelled good by {source}; {others} left out;"
                " --cells chooses clusters of any label"
            )
    return Spikes(trains, reading.path, remarks=tuple(remarks), time_unit="s")


def _array(reading: Reading, name: str) -> np.ndarray | None:
    """Return whole numbers [spike]; add a problem and return None for anything else."""
    path = Path(reading.path) / name
    fix = f"give a folder of Kilosort or phy with whole numbers in {name} ({_PAGE})"
    try:
        array = np.load(path, allow_pickle=False)
        array = array.reshape(-1) if array.ndim == 2 and 1 in array.shape else array
    except (*NOT_NPY, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        reading.refuse(f"{name} cannot be read: {reason}", fix)
        return None
    reading.note(name, array)
    is_whole = array.dtype.kind in "iu" or (
        array.dtype.kind == "f" and bool((np.mod(array, 1) == 0).all())
    )
    if array.ndim != 1 or not is_whole:
        what = f"{name} is {array.dtype} of shape {list(array.shape)}, not whole numbers [spike]"
        reading.refuse(what, fix)
        return None
    return array if array.dtype.kind in "iu" else array.astype(np.int64)


def _rate(reading: Reading) -> float | None:
    """Return the samples per second of --rate, or else of params.py; None after a problem."""
    if reading.options.rate_hz is not None:
        return reading.options.rate_hz
    fix = f"give the samples per second, --rate N ({_PAGE})"
    try:
        text = (Path(reading.path) / PARAMETERS).read_text(encoding="utf-8")
        statements = ast.parse(text).body
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        reading.refuse(f"{PARAMETERS} cannot be read: {reason}", fix)
        return None
    found = [
        statement.value
        for statement in statements
        if isinstance(statement, ast.Assign)
        and [ast.unparse(target) for target in statement.targets] == ["sample_rate"]
    ]
    value = found[-1].value if found and isinstance(found[-1], ast.Constant) else None
    if isinstance(value, int | float) and 0 < value < math.inf:
        return float(value)
    reading.refuse(f"{PARAMETERS} assigns no positive number to sample_rate", fix)
    return None


def _rate_source(reading: Reading) -> str:
    return PARAMETERS if reading.options.rate_hz is None else "--rate"


def _labels(reading: Reading) -> tuple[dict[str, str], str | None]:
    """Return the label of each cluster, and the name of the file with the labels."""
    for name, column in _LABELS:
        path = Path(reading.path) / name
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            continue
        rows = list(csv.DictReader(text.splitlines(), delimiter="\t"))
        key = next((each for each in _IDS if rows and each in rows[0]), None)
        if key is None or column not in rows[0]:
            continue
        labels = {row[key]: (row[column] or "").strip().lower() for row in rows if row[key]}
        labels = {each: label for each, label in labels.items() if label not in _NO_LABELS}
        if labels:
            return labels, name
    return {}, None
