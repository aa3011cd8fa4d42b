"""The manifest of a run: all that it is made from, written once, checked whenever it is read."""

from __future__ import annotations

import dataclasses
import json
import re
from importlib import metadata
from pathlib import Path
from platform import python_version
from typing import Any

from gridjax import __version__
from gridjax.errors import GridjaxError, Place, Problem
from gridjax.parameters import FIELDS, show
from gridjax.registry import REGISTRIES
from gridjax.rules import read_spec
from gridjax.spec import NetworkSpec, run_id_of
from gridjax.study.plan import Plan
from gridjax.study.sweep import Sweep

MANIFEST = "manifest.json"
MACHINE = ("gridjax", "device", "versions")
"""Parts that tell of the machine; a run that goes on elsewhere lists them under continued_on."""
_VERSIONS = ("jax", "jaxlib", "flax", "optax", "numpy", "scipy")
_RUN_ID = re.compile("[0-9a-f]{16}")
_LARGEST = 1 << 30


def make_manifest(
    sweep: Sweep, plan: Plan, device: dict[str, Any], matmul_precision: str
) -> dict[str, Any]:
    """Return all that a run is made from, as JSON values; no clock and no host name."""
    return {
        "gridjax": __version__,
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
        "versions": {"python": python_version()}
        | {name: metadata.version(name) for name in _VERSIONS},
        "fidelity": {
            str(fidelity): dataclasses.asdict(fidelity)
            for fidelity in dict.fromkeys(spec.fidelity for spec in sweep.specs)
        },
        "plugins": {name: sha for spec in sweep.specs for name, sha in spec.plugins.items()},
        "run_ids": [spec.run_id for spec in sweep.specs],
        "specs": [spec.to_sparse_dict() for spec in sweep.specs],
    }


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read and check a run folder's manifest.

    Raises GridjaxError where there is none, or one that no run of ours has written.
    """
    path = folder / MANIFEST
    try:
        if path.stat().st_size > _LARGEST:
            raise ValueError(f"it is larger than {_LARGEST} bytes")
        manifest = json.loads(path.read_bytes())
        _check(manifest)
    except (FileNotFoundError, NotADirectoryError):
        message = f"{folder} holds no run (no {MANIFEST})"
        raise GridjaxError(Problem(message, fix="name the --out folder of a sweep")) from None
    except (OSError, ValueError, RecursionError) as error:
        message = f"not a manifest of a run: {error}"
        raise GridjaxError(Problem(message, Place(str(path)))) from None
    return manifest


def continued(there: dict[str, Any], here: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return the manifest of a run begun as ``there`` says that goes on as ``here`` says.

    Raises GridjaxError where the lane widths differ: they decide bits, so they are the run's own.
    """
    if there["lane_widths"] != here["lane_widths"]:
        widths = [
            sorted({one["lane_width"] for one in each["lane_widths"]}) for each in (there, here)
        ]
        message = f"--out {folder} was begun with lane widths {widths[0]}, not {widths[1]}"
        fix = "go on with it on the same kind of device, or name another folder"
        raise GridjaxError(Problem(message, fix=fix))
    last = (there.get("continued_on") or [there])[-1]
    machine = {name: here[name] for name in MACHINE}
    if all(last[name] == machine[name] for name in MACHINE):
        return there
    return there | {"continued_on": [*there.get("continued_on", []), machine]}


def check_same(folder: Path, there: dict[str, Any], sweep: Sweep) -> None:
    """Refuse a folder that holds the results of another sweep, naming both."""
    run_ids = [spec.run_id for spec in sweep.specs]
    settings = sweep.settings.to_dict()
    if there["run_ids"] == run_ids and there["settings"] == settings:
        return
    theirs = ", ".join(source["name"] for source in there["sources"])
    ours = ", ".join(name for name, _ in sweep.sources)
    differences = [
        f"{name} {there['settings'].get(name)!r} there, {value!r} here"
        for name, value in settings.items()
        if there["settings"].get(name) != value
    ]
    seed = there.get("sweep_seed", 0)
    if seed != sweep.sweep_seed:
        differences.append(f"sweep seed {show(seed)} there, {sweep.sweep_seed} here")
    what = "; ".join(differences) or "other networks"
    message = (
        f"--out {folder} holds the results of another sweep: {theirs}"
        f" ({len(there['run_ids'])} networks), not of {ours} ({len(run_ids)} networks): {what}"
    )
    raise GridjaxError(Problem(message, fix="name another folder, or remove this one"))


def _check(manifest: Any) -> None:
    """Raise ValueError unless every part that is read later has its form."""
    parts = {"run_ids": list, "specs": list, "sources": list, "lane_widths": list}
    parts |= {"settings": dict, "device": dict, "versions": dict}
    parts |= {"gridjax": str, "matmul_precision": str}
    _demand(isinstance(manifest, dict), "it is no mapping")
    for name, kind in parts.items():
        _demand(isinstance(manifest.get(name), kind), f"{name} is missing or no {kind.__name__}")
    run_ids, specs = manifest["run_ids"], manifest["specs"]
    for run_id in run_ids:
        valid = isinstance(run_id, str) and _RUN_ID.fullmatch(run_id)
        _demand(bool(valid), f"{show(run_id)} is no run_id")
    _demand(len(set(run_ids)) == len(run_ids), "a run_id stands twice")
    _demand(len(specs) == len(run_ids), "specs and run_ids differ in number")
    for run_id, spec in zip(run_ids, specs, strict=True):
        known = isinstance(spec, dict) and spec.keys() <= FIELDS.keys()
        _demand(known, f"{show(spec)} is no spec of a network")
        same = _run_id(spec, manifest.get("plugins", {})) == run_id
        _demand(same, f"the spec of {run_id} is another network's")
    for source in manifest["sources"]:
        texts = isinstance(source, dict) and all(
            isinstance(source.get(name), str) for name in ("name", "text")
        )
        _demand(texts, f"{show(source)} is no source")
    for one in manifest["lane_widths"]:
        numbers = isinstance(one, dict) and isinstance(one.get("lane_width"), int)
        _demand(numbers, f"{show(one)} is no lane width")
    for name in ("platform", "kind", "count", "cpu_cores"):
        _demand(name in manifest["device"], f"device says no {name}")
    later = manifest.get("continued_on", [])
    _demand(isinstance(later, list), "continued_on is no list")
    for machine in later:
        _demand(isinstance(machine, dict) and set(machine) == set(MACHINE), "no machine")


def _run_id(values: dict[str, Any], plugins: Any) -> str:
    """The run_id of a spec as it is written; its values are checked where their code is at hand."""
    _demand(isinstance(plugins, dict), "plugins is no mapping")
    try:
        spec = NetworkSpec.from_dict(values)
        names = (f"plugin:{getattr(spec, parameter)}" for parameter in REGISTRIES)
        used = {name: plugins[name] for name in names if name in plugins}
        if used == spec.plugins:
            spec = read_spec(spec)
        return run_id_of(spec.to_sparse_dict(), used)
    except (GridjaxError, TypeError) as error:
        raise ValueError(str(error)) from None


def _demand(condition: bool, otherwise: str) -> None:
    if not condition:
        raise ValueError(otherwise)
