"""The rules of resuming a run: which changes are refused, and how accepted ones are recorded.

Every part compared here decides bits, so a change is refused unless it is accepted by name. The
manifest lists accepted changes under ``segments``; later rows carry the segment's number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from gridjax.errors import GridjaxError, Problem
from gridjax.io.text import show, shown

SEGMENT = (
    *("gridjax", "versions", "device", "matmul_precision", "lane_widths", "settings"),
    *("sources", "sweep_seed"),
)
"""Parts of a manifest that a continuation may change."""
_SWEEP = ("sources", "sweep_seed", "skipped", "fidelity", "plugins", "run_ids", "specs")

Manifest = dict[str, Any]


def segment_of(manifest: Manifest, accepted: Iterable[str] = ()) -> dict[str, Any]:
    """Return the parts of a manifest that one segment of a run is made under."""
    return {name: manifest[name] for name in SEGMENT} | {"accepted": sorted(accepted)}


def go_on(
    there: Manifest, here: Manifest, folder: Path, accepted: Iterable[str], committed: set[str]
) -> Manifest:
    """Return the manifest of the run ``there`` that goes on as ``here`` says.

    Networks that are committed, undamaged, stay in the run, those of another sweep after those of
    this one. Where nothing is left to train, the machine that looks at the run does not matter.

    Raises GridjaxError, naming every difference and the options that accept it.
    """
    # claims that were written down first stay: results may have been seen since
    if here.get("claims", {}).keys() - there.get("claims", {}).keys():
        there = there | {"claims": here["claims"] | there.get("claims", {})}
    if committed >= set(here["run_ids"]):
        _check(folder, there, here, accepted, ("sweep", "settings"))
        if there["run_ids"] == here["run_ids"]:
            return there
    differences = _differences(there, here)
    refuse(folder, there, here, differences, accepted)
    if not differences:
        return there
    merged = there | {name: here[name] for name in SEGMENT if name != "sources"}
    if "sweep" in differences:
        stay = [
            (run_id, spec)
            for run_id, spec in zip(there["run_ids"], there["specs"], strict=True)
            if run_id in committed and run_id not in set(here["run_ids"])
        ]
        merged |= {name: here[name] for name in _SWEEP}
        merged["run_ids"] = [*here["run_ids"], *(run_id for run_id, _ in stay)]
        merged["specs"] = [*here["specs"], *(spec for _, spec in stay)]
        merged["plugins"] = there.get("plugins", {}) | here["plugins"]
        merged["fidelity"] = there.get("fidelity", {}) | here["fidelity"]
    return merged | {"segments": [*there["segments"], segment_of(merged, differences)]}


def check_sweep(folder: Path, there: Manifest, here: Manifest, accepted: Iterable[str]) -> None:
    """Refuse a folder of another sweep or other settings, before any device is started.

    ``here`` needs only the parts that a sweep decides; lane widths are compared where it has them.
    """
    known = ("lane-width",) if "lane_widths" in here else ()
    _check(folder, there, here, accepted, ("sweep", "settings", *known))


def _check(
    folder: Path, there: Manifest, here: Manifest, accepted: Iterable[str], names: Iterable[str]
) -> None:
    found = {name: _CHANGES[name](there, here) for name in names}
    refuse(folder, there, here, {k: v for k, v in found.items() if v}, accepted)


def refuse(
    folder: Path,
    there: Manifest,
    here: Manifest,
    differences: dict[str, str],
    accepted: Iterable[str],
) -> None:
    """Raise GridjaxError where there are differences that are not accepted."""
    names = [name for name in differences if name not in set(accepted)]
    if not names:
        return
    theirs = ", ".join(shown(source["name"]) for source in there["sources"])
    ours = ", ".join(shown(source["name"]) for source in here["sources"])
    whose = f" of another sweep: {theirs}, not {ours}" if "sweep" in names else f" of {theirs}"
    what = "; ".join(differences[name] for name in names)
    message = f"--out {folder} holds the results{whose}, and numbers could differ: {what}"
    options = " ".join(f"--accept {name}" for name in names)
    fix = f"name another folder, or go on all the same, with later rows marked: {options}"
    raise GridjaxError(Problem(message, fix=fix))


def _differences(there: Manifest, here: Manifest) -> dict[str, str]:
    found = {name: change(there, here) for name, change in _CHANGES.items()}
    return {name: what for name, what in found.items() if what}


def _sweep(there: Manifest, here: Manifest) -> str:
    old, new = set(there["run_ids"]), set(here["run_ids"])
    if old >= new and any("sweep" in one["accepted"] for one in there.get("segments", ())):
        return ""  # networks of an earlier sweep stay beside those of this one
    if there["run_ids"] == here["run_ids"]:
        return ""
    parts = [f"{len(new - old)} networks are new and {len(old - new)} gone"]
    if old == new:
        parts = ["the networks stand in another order"]
    seeds = [one.get("sweep_seed", 0) for one in (there, here)]
    if seeds[0] != seeds[1]:
        parts.append(f"sweep seed {show(seeds[0])} there, {show(seeds[1])} here")
    return ", ".join(parts)


def _settings(there: Manifest, here: Manifest) -> str:
    return _unequal(there["settings"], here["settings"])


def _lane_width(there: Manifest, here: Manifest) -> str:
    old, new = ([one["lane_width"] for one in each["lane_widths"]] for each in (there, here))
    same_networks = there["run_ids"] == here["run_ids"]
    # one width for all buckets may stand there once, before there is a plan
    same = set(old) == set(new) if len(set(new)) == 1 else old == new
    if same if same_networks else set(new) <= set(old):
        return ""
    return f"lane widths {sorted(set(old))} there, {sorted(set(new))} here"


def _versions(there: Manifest, here: Manifest) -> str:
    # Python itself computes nothing that is kept.
    old, new = (
        {"gridjax": each["gridjax"]}
        | {name: value for name, value in each["versions"].items() if name != "python"}
        for each in (there, here)
    )
    return _unequal(old, new)


def _precision(there: Manifest, here: Manifest) -> str:
    names = ("matmul_precision",)
    return _unequal(*({name: each[name] for name in names} for each in (there, here)))


def _device(there: Manifest, here: Manifest) -> str:
    return _unequal(there["device"], here["device"])


_CHANGES: dict[str, Callable[[Manifest, Manifest], str]] = {
    "sweep": _sweep,
    "settings": _settings,
    "lane-width": _lane_width,
    "versions": _versions,
    "precision": _precision,
    "device": _device,
}
ACCEPTABLE = tuple(_CHANGES)
"""Names that --accept takes."""


def _unequal(there: dict[str, Any], here: dict[str, Any]) -> str:
    names = sorted(there.keys() | here.keys())
    return ", ".join(
        f"{name} {show(there.get(name))} there, {show(here.get(name))} here"
        for name in names
        if there.get(name) != here.get(name)
    )
