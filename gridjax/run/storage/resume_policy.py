"""Rules for resuming a run under a changed sweep, machine or version.

Every compared part of the manifest can change the last bits of the results, so a change is refused
unless the user accepts it by name. The manifest lists accepted changes under ``segments``. Each row
of the tables contains the number of its segment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from gridjax.errors import GridjaxError, Problem
from gridjax.io.text import did_you_mean, show, shown
from gridjax.sweep.settings.run_settings import Settings

SEGMENT = (
    *("gridjax", "versions", "device", "matmul_precision", "lane_widths", "settings"),
    *("sources", "sweep_seed"),
)
"""Parts of a manifest that may differ between the segments of a run."""
_SWEEP = ("sources", "sweep_seed", "skipped", "fidelity", "plugins", "run_ids", "specs")

Manifest = dict[str, Any]


def segment_of(manifest: Manifest, accepted: Iterable[str] = ()) -> dict[str, Any]:
    """Return the entry of one segment in the list ``segments`` of a manifest."""
    return {name: manifest[name] for name in SEGMENT} | {"accepted": sorted(accepted)}


def merge_manifests(
    existing: Manifest,
    requested: Manifest,
    folder: Path,
    accepted: Iterable[str],
    committed: set[str],
    lost: AbstractSet[str] = frozenset(),
) -> Manifest:
    """Return the manifest under which an existing run is resumed.

    ``committed`` are the run_ids of the networks with undamaged results, ``lost`` those of networks
    whose results were damaged. Both stay in the run, the lost ones as missing networks; networks of
    an earlier sweep follow those of the requested sweep. If all requested networks are committed,
    only sweep and settings are compared, because this machine computes nothing.

    Raises GridjaxError that names every difference and the options that accept it.
    """
    # the first recorded claims stay, because results may have been seen since then
    if requested.get("claims", {}).keys() - existing.get("claims", {}).keys():
        existing = existing | {"claims": requested["claims"] | existing.get("claims", {})}
    if committed >= set(requested["run_ids"]):
        _check(folder, existing, requested, accepted, ("sweep", "settings"))
        if existing["run_ids"] == requested["run_ids"]:
            return existing
    differences = _differences(existing, requested)
    refuse(folder, existing, requested, differences, accepted)
    if not differences:
        return existing
    merged = existing | {name: requested[name] for name in SEGMENT if name != "sources"}
    if "sweep" in differences:
        requested_ids = set(requested["run_ids"])
        stay = [
            (run_id, spec)
            for run_id, spec in zip(existing["run_ids"], existing["specs"], strict=True)
            if run_id in committed | lost and run_id not in requested_ids
        ]
        _refuse_changed_plugins(folder, existing, requested, [spec for _, spec in stay])
        merged |= {name: requested[name] for name in _SWEEP}
        merged["run_ids"] = [*requested["run_ids"], *(run_id for run_id, _ in stay)]
        merged["specs"] = [*requested["specs"], *(spec for _, spec in stay)]
        merged["plugins"] = existing.get("plugins", {}) | requested["plugins"]
        merged["fidelity"] = existing.get("fidelity", {}) | requested["fidelity"]
    return merged | {"segments": [*existing["segments"], segment_of(merged, differences)]}


def _refuse_changed_plugins(
    folder: Path, existing: Manifest, requested: Manifest, stay: Iterable[dict[str, Any]]
) -> None:
    """Raise GridjaxError if networks that stay in a run have an earlier version of a plugin.

    A manifest has one hash for each plugin, with which it checks the run_ids of its specs.
    """
    values = [value for spec in stay for value in spec.values()]
    for key, sha in requested["plugins"].items():
        name = key.removeprefix("plugin:")
        if existing.get("plugins", {}).get(key, sha) != sha and name in values:
            message = f"{folder} holds networks of an earlier version of the plugin {name}"
            raise GridjaxError(Problem(message, fix="give another --out, or rename the plugin"))


def segment_number(existing: Manifest, requested: Manifest) -> int | None:
    """Return the newest segment with the conditions of ``requested``; None if there is none.

    The parts of a run can have several kinds of device or versions, once they were accepted. A part
    then continues the segment of its own conditions, whichever part was started last.
    """
    segments = existing["segments"]
    for number in reversed(range(len(segments))):
        conditions = existing | {name: segments[number][name] for name in SEGMENT}
        try:
            if not _differences(conditions, requested):
                return number
        except (AttributeError, KeyError, TypeError):  # no conditions that gridjax wrote
            continue
    return None


def check_sweep(
    folder: Path, existing: Manifest, requested: Manifest, accepted: Iterable[str]
) -> None:
    """Refuse a folder of another sweep or other settings, before any device is started.

    ``requested`` needs only the parts that depend on the sweep (``manifest_of_sweep``). Lane widths
    are compared if ``requested`` contains them.
    """
    known = ("lane-width",) if "lane_widths" in requested else ()
    _check(folder, existing, requested, accepted, ("sweep", "settings", *known))


def _check(
    folder: Path,
    existing: Manifest,
    requested: Manifest,
    accepted: Iterable[str],
    names: Iterable[str],
) -> None:
    found = {name: _CHANGES[name](existing, requested) for name in names}
    refuse(folder, existing, requested, {k: v for k, v in found.items() if v}, accepted)


def refuse(
    folder: Path,
    existing: Manifest,
    requested: Manifest,
    differences: dict[str, str],
    accepted: Iterable[str],
) -> None:
    """Raise GridjaxError if a difference is not accepted."""
    names = [name for name in differences if name not in set(accepted)]
    if not names:
        return
    theirs = ", ".join(shown(source["name"]) for source in existing["sources"])
    ours = ", ".join(shown(source["name"]) for source in requested["sources"])
    whose = f" of {theirs}"
    if "sweep" in names:
        whose = f" of another sweep: {theirs}"
        whose += f", not {ours}" if theirs != ours else " with other networks"
    what = "; ".join(differences[name] for name in names)
    message = f"--out {folder} holds the results{whose}; further numbers could differ: {what}"
    options = " ".join(f"--accept {name}" for name in names)
    fix = f"name another folder, or resume this run and mark its later rows: {options}"
    raise GridjaxError(Problem(message, fix=fix))


def _differences(existing: Manifest, requested: Manifest) -> dict[str, str]:
    found = {name: change(existing, requested) for name, change in _CHANGES.items()}
    return {name: what for name, what in found.items() if what}


def _sweep(existing: Manifest, requested: Manifest) -> str:
    old, new = set(existing["run_ids"]), set(requested["run_ids"])
    if old >= new and any("sweep" in one["accepted"] for one in existing.get("segments", ())):
        return ""  # an earlier sweep was accepted: its networks stay in the run
    if existing["run_ids"] == requested["run_ids"]:
        return ""
    parts = [f"networks added: {len(new - old)}, removed: {len(old - new)}"]
    if old == new:
        parts = ["the networks are in another order"]
    seeds = [one.get("sweep_seed", 0) for one in (existing, requested)]
    if seeds[0] != seeds[1]:
        parts.append(f"sweep seed {show(seeds[0])} in the folder, {show(seeds[1])} now")
    return ", ".join(parts)


def different_settings(existing: Manifest, requested: Manifest) -> str:
    """Return the settings that differ between two manifests; empty if there are none.

    The version that wrote a manifest may not have had all settings: they have their default. The
    setting ``lane_width`` has no effect but the lane widths, which are compared themselves.
    """
    default = _by_full_name(Settings().to_dict())
    return _unequal(*(default | _by_full_name(each["settings"]) for each in (existing, requested)))


def _by_full_name(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings with the evaluation's as evaluation.NAME, without ``lane_width``."""
    evaluation = settings["evaluation"].items()
    omitted = ("evaluation", "lane_width")
    rest = {name: value for name, value in settings.items() if name not in omitted}
    return rest | {f"evaluation.{name}": value for name, value in evaluation}


def _lane_width(existing: Manifest, requested: Manifest) -> str:
    old, new = (
        [one["lane_width"] for one in each["lane_widths"]] for each in (existing, requested)
    )
    same_networks = existing["run_ids"] == requested["run_ids"]
    # before the plan exists, the list can have one width for all buckets
    same = set(old) == set(new) if len(set(new)) == 1 else old == new
    if same if same_networks else set(new) <= set(old):
        return ""
    return f"lane widths {sorted(set(old))} in the folder, {sorted(set(new))} now"


def _versions(existing: Manifest, requested: Manifest) -> str:
    # Python itself does not compute stored numbers.
    old, new = (
        {"gridjax": each["gridjax"]}
        | {name: value for name, value in each["versions"].items() if name != "python"}
        for each in (existing, requested)
    )
    return _unequal(old, new)


def _precision(existing: Manifest, requested: Manifest) -> str:
    names = ("matmul_precision",)
    return _unequal(*({name: each[name] for name in names} for each in (existing, requested)))


def _device(existing: Manifest, requested: Manifest) -> str:
    return _unequal(existing["device"], requested["device"])


_CHANGES: dict[str, Callable[[Manifest, Manifest], str]] = {
    "sweep": _sweep,
    "settings": different_settings,
    "lane-width": _lane_width,
    "versions": _versions,
    "precision": _precision,
    "device": _device,
}
ACCEPTABLE = tuple(_CHANGES)
"""Allowed values of the option --accept."""


def accepted_changes(names: Iterable[str], option: str = "accept") -> tuple[str, ...]:
    """Return the names of accepted changes. Raises GridjaxError if one is unknown."""
    given = (names,) if isinstance(names, str) else tuple(names)
    for name in given:
        if name not in ACCEPTABLE:
            fix = did_you_mean(name, ACCEPTABLE) or f"one of {', '.join(ACCEPTABLE)}"
            raise GridjaxError(Problem(f"{option} {name} is unknown", fix=fix))
    return given


def _unequal(existing: dict[str, Any], requested: dict[str, Any]) -> str:
    names = sorted(existing.keys() | requested.keys())
    return ", ".join(
        f"{name} {show(existing.get(name))} in the folder, {show(requested.get(name))} now"
        for name in names
        if existing.get(name) != requested.get(name)
    )
