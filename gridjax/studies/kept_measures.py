"""Measures of single networks that take minutes: computed once, and kept in a study's folder."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np

from gridjax.errors import GridjaxError, Problem
from gridjax.io.atomic_files import dump_checksummed_json, load_checksummed_json, replace_file
from gridjax.run.results.network import Network
from gridjax.version import __version__

FOLDER = "measures"
_NAME = re.compile(r"[A-Za-z0-9_.-]+")


def kept_measure(
    folder: Path | None,
    name: str,
    network: Network,
    identity: dict[str, Any],
    compute: Callable[[Network], dict[str, Any]],
) -> dict[str, Any]:
    """Return measures of a network: those of an earlier call, or computed and written to a file.

    Measures of an earlier call are used if the weights of the network, the version of gridjax and
    ``identity`` are the same.

    Args:
        folder: the folder of the study's results; None: nothing is kept.
        name: name of the file, such as the run_id of the network.
        network: the network.
        identity: JSON values that decide the measures, such as settings.
        compute: function from the network to its measures: JSON values and arrays, by name.

    Raises GridjaxError if the folder cannot be written.
    """
    if folder is None:
        return _plain(compute(network))
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a file")
    identity = identity | {"gridjax": __version__, "weights": weights_digest(network)}
    identity = json.loads(json.dumps(identity))
    file = folder / FOLDER / f"{name}.json"
    if (kept := _read(file, identity)) is not None:
        return kept
    sys.stderr.write(f"{folder.name}: measuring network {name}\n")
    measures = _plain(compute(network))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_file(file, dump_checksummed_json({"identity": identity, "measures": measures}))
    except OSError as error:
        message = f"{file.parent} cannot be written: {error.strerror or error}"
        raise GridjaxError(Problem(message, fix="make it writable")) from None
    return measures


def weights_digest(network: Network) -> str:
    """Return the SHA-256 of the weights and of the layout of a network, in hexadecimal."""
    found = hashlib.sha256()
    for path, leaf in jax.tree_util.tree_leaves_with_path((network.params, network.layout)):
        array = np.asarray(leaf)
        found.update(f"{jax.tree_util.keystr(path)} {array.dtype} {array.shape}".encode())
        found.update(array.tobytes())
    return found.hexdigest()


def _read(file: Path, identity: dict[str, Any]) -> dict[str, Any] | None:
    """Return the measures in a file; None if it is missing, damaged or of other values."""
    try:
        content = load_checksummed_json(file.read_bytes())
    except (OSError, ValueError):
        return None
    return content["measures"] if content.get("identity") == identity else None


def _plain(measures: dict[str, Any]) -> dict[str, Any]:
    """Return measures as JSON values: arrays as lists, NaN as NaN."""
    return {
        name: value.tolist() if isinstance(value, np.ndarray | np.generic) else value
        for name, value in measures.items()
    }
