"""Measures of single networks that take minutes: computed once, and kept in a study's folder."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import jax
import numpy as np

from gridjax.errors import GridjaxError, Problem
from gridjax.io.atomic_files import dump_checksummed_json, load_checksummed_json, replace_file
from gridjax.run.results.network import Network
from gridjax.version import __version__

FOLDER = "measures"
_NOT_MEASURING = ("studies", "report", "cli", "trackers", "recordings", "theory", "version.py")
_OF_NETWORK = ("gridjax", "source", "spec", "weights")
"""Keys of the identity of measures beside those that a study gives."""
_NAME = re.compile(r"[A-Za-z0-9_.-]+")


def kept_measure(
    folder: Path | None,
    name: str,
    network: Network,
    identity: dict[str, Any],
    compute: Callable[[Network], dict[str, Any]],
) -> dict[str, Any]:
    """Return measures of a network: those of an earlier call, or computed and written to a file.

    Measures of an earlier call are used if the weights and the spec of the network, the version and
    the source of gridjax, and ``identity`` are the same. A study that changes what it measures must
    change ``identity``.

    Args:
        folder: the folder of the study's results; None: nothing is kept.
        name: name of the file, such as the run_id of the network.
        network: the network.
        identity: JSON values that decide the measures, such as settings; NaN is allowed.
        compute: function from the network to its measures: JSON values and arrays, by name.

    Raises GridjaxError if the folder cannot be written.
    """
    if folder is None:
        return _plain(compute(network))
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a file")
    identity = identity | {
        "gridjax": __version__,
        "source": source_digest(),
        "spec": repr(network.spec),
        "weights": weights_digest(network),
    }
    file = folder / FOLDER / f"{name}.json"
    if (kept := _read(file, identity)) is not None:
        return kept
    sys.stderr.write(f"{folder.name}: measuring network {name}\n")
    measures = _plain(compute(network))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        content = dump_checksummed_json({"identity": identity, "measures": measures})
        replace_file(file, content, by_several=True)
    except OSError as error:
        message = f"{file.parent} cannot be written: {error.strerror or error}"
        raise GridjaxError(Problem(message, fix="make it writable")) from None
    return measures


def kept_without_weights(
    folder: Path | None, name: str, identity: dict[str, Any]
) -> dict[str, Any] | None:
    """Return measures of a network whose weights are not stored; None if an earlier call kept none.

    Without weights they cannot be computed again. They may be of another version of gridjax, as the
    rows of the tables beside them may be; one line says so. ``identity`` must be the same.

    Args:
        folder, name, identity: as for ``kept_measure``.
    """
    if folder is None:
        return None
    try:
        content = load_checksummed_json((folder / FOLDER / f"{name}.json").read_bytes())
        known, measures = content["identity"], content["measures"]
        own = {key: value for key, value in known.items() if key not in _OF_NETWORK}
        source = known["gridjax"], known["source"]
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
    if _text(own) != _text(identity):
        return None
    if source != (__version__, source_digest()):
        _say_once(f"{folder.name}: measures of networks without weights are of another gridjax\n")
    return measures


@cache
def _say_once(text: str) -> None:
    sys.stderr.write(text)


def weights_digest(network: Network) -> str:
    """Return the SHA-256 of the weights and of the layout of a network, in hexadecimal."""
    found = hashlib.sha256()
    for path, leaf in jax.tree_util.tree_leaves_with_path((network.params, network.layout)):
        array = np.asarray(leaf)
        found.update(f"{jax.tree_util.keystr(path)} {array.dtype} {array.shape}".encode())
        found.update(array.tobytes())
    return found.hexdigest()


@cache
def source_digest() -> str:
    """Return the SHA-256 of the modules of gridjax that measure networks, in hexadecimal.

    These are all modules but those of studies, reports and the command line.
    """
    root = Path(__file__).parents[1]
    found = hashlib.sha256()
    for file in sorted(root.rglob("*.py")):
        name = file.relative_to(root)
        if name.parts[0] not in _NOT_MEASURING:
            found.update(f"{name.as_posix()} ".encode() + file.read_bytes())
    return found.hexdigest()


def _read(file: Path, identity: dict[str, Any]) -> dict[str, Any] | None:
    """Return the measures in a file; None if it is missing, damaged or of other values."""
    try:
        content = load_checksummed_json(file.read_bytes())
    except (OSError, ValueError):
        return None
    # as text, because NaN differs from NaN
    same = _text(content.get("identity")) == _text(identity)
    return content["measures"] if same else None


def _text(identity: Any) -> str:
    return json.dumps(identity, sort_keys=True)


def _plain(measures: dict[str, Any]) -> dict[str, Any]:
    """Return measures as JSON values: arrays as lists, NaN as NaN."""
    return {
        name: value.tolist() if isinstance(value, np.ndarray | np.generic) else value
        for name, value in measures.items()
    }
