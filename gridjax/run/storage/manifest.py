"""The manifest of a run: a record of all inputs, which is checked each time it is read."""

from __future__ import annotations

import dataclasses
import re
from copy import copy
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from platform import python_version
from typing import Any

from gridjax.errors import DamageError, GridjaxError, Place, Problem
from gridjax.io.atomic_files import load_checksummed_json, read_regular
from gridjax.io.json_schema import check_schema
from gridjax.io.text import show
from gridjax.run.planning.plan import Plan
from gridjax.run.storage.resume_policy import SEGMENT, segment_of
from gridjax.spec.constraints import Readings, read_spec
from gridjax.spec.network import NetworkSpec, run_id_of
from gridjax.spec.parameters import FIELDS
from gridjax.spec.registry import REGISTRIES, registered_plugins
from gridjax.sweep.sweep import Sweep
from gridjax.version import __version__

MANIFEST = "manifest.json"
_VERSIONS = ("jax", "jaxlib", "flax", "optax", "numpy", "scipy")
_RUN_ID = re.compile("[0-9a-f]{16}")
_LARGEST = 1 << 30
_SCHEMA = {
    **dict.fromkeys(("gridjax", "matmul_precision"), str),
    **dict.fromkeys(("settings", "versions"), dict),
    "run_ids": [object],
    "specs": [dict],
    "sources": [{"name": str, "text": str}],
    "lane_widths": [{"lane_width": int}],
    "device": dict.fromkeys(("platform", "kind", "threads"), object),
    "segments": [dict.fromkeys(SEGMENT, object) | {"accepted": [str]}],
}
"""Schema of the parts of a manifest that gridjax reads."""


def make_manifest(
    sweep: Sweep, plan: Plan, device: dict[str, Any], matmul_precision: str
) -> dict[str, Any]:
    """Return all inputs of a run as JSON values, without times and host names."""
    manifest = {
        **versions(),
        "sources": [{"name": name, "text": text} for name, text in sweep.sources],
        "sweep_seed": sweep.sweep_seed,
        "skipped": [each.to_dict() for each in sweep.skipped],
        "settings": sweep.settings.to_dict(),
        "lane_widths": [
            {"networks": len(bucket.specs), "lane_width": bucket.lane_width}
            for bucket in plan.buckets
        ],
        "matmul_precision": matmul_precision,
        "device": device,
        "fidelity": {
            str(fidelity): dataclasses.asdict(fidelity)
            for fidelity in dict.fromkeys(spec.fidelity for spec in sweep.specs)
        },
        "plugins": {name: sha for spec in sweep.specs for name, sha in spec.plugins.items()},
        "claims": dict(sweep.claims),
        "run_ids": [spec.run_id for spec in sweep.specs],
        "specs": [spec.to_sparse_dict() for spec in sweep.specs],
    }
    return manifest | {"segments": [segment_of(manifest)]}


def versions() -> dict[str, Any]:
    """Return the entries of a manifest for the versions of the programs of this process."""
    found = {name: metadata.version(name) for name in _VERSIONS}
    return {"gridjax": __version__, "versions": {"python": python_version()} | found}


def manifest_of_sweep(sweep: Sweep) -> dict[str, Any]:
    """Return the parts of a manifest that need no device, for resume_policy.check_sweep.

    Lane widths are included if the sweep sets them. Default lane widths depend on the device and
    are compared after the device is started.
    """
    width = sweep.settings.lane_width
    known = {} if width is None else {"lane_widths": [{"lane_width": width}]}
    return known | {
        "sources": [{"name": name} for name, _ in sweep.sources],
        "sweep_seed": sweep.sweep_seed,
        "settings": sweep.settings.to_dict(),
        "run_ids": [spec.run_id for spec in sweep.specs],
    }


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read and check the manifest of a run folder.

    Raises GridjaxError if the folder has none, and DamageError if it is not a manifest of gridjax.
    """
    path = folder / MANIFEST
    try:
        if path.stat().st_size > _LARGEST:
            raise ValueError(f"it is larger than {_LARGEST} bytes")
        content = read_regular(path)
        checked = _checked(content, frozenset(registered_plugins().items()))
        manifest = {name: copy(part) for name, part in checked.items()}
    except (FileNotFoundError, NotADirectoryError):
        message = f"{folder} holds no run (no {MANIFEST})"
        raise GridjaxError(Problem(message, fix="name the --out folder of a sweep")) from None
    except (OSError, ValueError, RecursionError) as error:
        message = f"not a manifest of a run: {error}"
        raise DamageError(Problem(message, Place(str(path)))) from None
    return manifest


@lru_cache(maxsize=1)
def _checked(content: bytes, plugins: frozenset[tuple[str, str]]) -> dict[str, Any]:
    """Return the checked content of a manifest; the same bytes are parsed and checked only once.

    The start of a run reads the manifest up to four times. ``plugins`` are the registered plugins;
    the check of a spec depends on them.
    """
    manifest = load_checksummed_json(content)
    _check(manifest)
    return manifest


def _check(manifest: Any) -> None:
    """Raise ValueError unless a manifest has the right schema and its specs match its run_ids."""
    check_schema(manifest, _SCHEMA, "it")
    for name in ("plugins", "fidelity", "claims"):
        check_schema(manifest.get(name, {}), dict, name)
    run_ids, specs = manifest["run_ids"], manifest["specs"]
    for run_id in run_ids:
        valid = isinstance(run_id, str) and _RUN_ID.fullmatch(run_id)
        _demand(bool(valid), f"{show(run_id)} is not a run_id")
    _demand(len(set(run_ids)) == len(run_ids), "a run_id occurs twice")
    _demand(len(specs) == len(run_ids), "specs and run_ids differ in number")
    readings = Readings()
    for run_id, spec in zip(run_ids, specs, strict=True):
        _demand(spec.keys() <= FIELDS.keys(), f"{show(spec)} is not a spec of a network")
        same = _run_id(spec, manifest.get("plugins", {}), readings) == run_id
        _demand(same, f"the spec of {run_id} is another network's")
    _demand(bool(manifest["segments"]), "it lists no segments")


def _run_id(values: dict[str, Any], plugins: Any, readings: Readings) -> str:
    """Return the run_id of a spec in a manifest; check its values if its plugins are registered."""
    try:
        spec = NetworkSpec.from_dict(values)
        names = (f"plugin:{getattr(spec, parameter)}" for parameter in REGISTRIES)
        used = {name: plugins[name] for name in names if name in plugins}
        if used == spec.plugins:
            spec = read_spec(spec, readings)
        return run_id_of(spec.to_sparse_dict(), used)
    except GridjaxError as error:
        raise ValueError("; ".join(problem.message for problem in error.problems)) from None
    except TypeError as error:
        raise ValueError(str(error)) from None


def _demand(condition: bool, otherwise: str) -> None:
    if not condition:
        raise ValueError(otherwise)
