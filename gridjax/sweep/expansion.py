"""Expansion of sweep files into distinct networks, with counts of networks that cannot run."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from gridjax.errors import Place, Problem
from gridjax.io.source_location import Problems
from gridjax.io.text import show
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.files.sweep_file import SweepFile
from gridjax.sweep.search.grid_search import GridSearch
from gridjax.sweep.search.random_search import RandomSearch

MAX_NETWORKS = 1_000_000
"""Largest number of grid points and draws; more would need too much memory."""
_MAX_SEARCHED = 20_000  # points per file in the search for a network that can run


class Origin(NamedTuple):
    """The contribution of one file to a sweep; the networks are sorted by file."""

    name: str
    n_networks: int
    """number of networks that no earlier file contains"""
    n_skipped: int = 0
    """number of networks that are left out because they cannot run"""
    n_draws: int = 0
    """number of random draws that were needed; 0 for a grid"""


class SkippedNetworks(NamedTuple):
    """Networks left out for one reason."""

    reason: Problem
    n_networks: int

    def to_dict(self) -> dict[str, Any]:
        """Return the reason, its place without the file's folder, and the number of networks."""
        place = self.reason.place
        if place and not place.file.startswith("--"):
            place = replace(place, file=Path(place.file).name)
        return {
            "reason": self.reason.message,
            "place": str(place) if place else None,
            "networks": self.n_networks,
        }


class Expansion(NamedTuple):
    """The distinct networks of several files, in their order."""

    specs: tuple[NetworkSpec, ...]
    origins: tuple[Origin, ...]
    skipped: tuple[SkippedNetworks, ...]


def expand_files(
    files: Sequence[tuple[str, SweepFile]],
    first: int | None,
    sweep_seed: int,
    skip_invalid: bool,
    problems: Problems,
) -> Expansion:
    """Return the networks of named files without duplicates, at most ``first`` if it is given.

    If ``skip_invalid`` is set, networks that cannot run are left out; otherwise they are errors.
    Raises GridjaxError with ``problems`` and all further errors.
    """
    _check_seed(sweep_seed, problems)
    counted = _check_first(first, problems)
    if first is None:
        _check_number([file for _, file in files], problems)
    if not skip_invalid:
        _refuse_invalid([file for _, file in files], counted, sweep_seed, problems)
    problems.raise_any()
    specs: dict[NetworkSpec, None] = {}
    left_out: dict[NetworkSpec, Problem] = {}
    origins = []
    for name, file in files:
        before = len(specs), len(left_out)
        n_points = _add_networks(file, counted, sweep_seed, specs, left_out, problems)
        added = len(specs) - before[0], len(left_out) - before[1]
        n_draws = n_points if isinstance(file.networks, RandomSearch) else 0
        origins.append(Origin(name, *added, n_draws))
    skipped = tuple(SkippedNetworks(*each) for each in Counter(left_out.values()).items())
    if not specs:
        for each in skipped:
            problems.add(each.reason.message, each.reason.place, each.reason.fix)
        problems.add("no network is left that can run", None)
        problems.raise_any()
    return Expansion(tuple(specs), tuple(origins), skipped)


def _add_networks(
    file: SweepFile,
    first: int | None,
    sweep_seed: int,
    specs: dict[NetworkSpec, None],
    left_out: dict[NetworkSpec, Problem],
    problems: Problems,
) -> int:
    """Add the networks of a file; return how many of its points were read."""
    k = -1
    for k, (spec, reasons) in enumerate(file.points(first, sweep_seed)):
        if len(specs) == first:
            return k
        if k == MAX_NETWORKS:
            n_found = len(specs)
            message = f"{MAX_NETWORKS} grid points hold only {n_found} networks that can run"
            problems.add(
                message, file.place, "remove values that cannot run, or give a lower --networks"
            )
            problems.raise_any()
        if reasons:
            left_out.setdefault(spec, reasons[0])
        else:
            specs[spec] = None
    grid = file.networks
    if isinstance(grid, GridSearch) and grid.truncated and len(specs) != first:
        message = f"the first {grid.n_listed} of {grid.n_points} grid points hold too few networks"
        message += f" that can run: {len(specs)}, not {first}"
        problems.add(message, file.place, "give shorter ranges, or a lower number of networks")
        problems.raise_any()
    return k + 1


def _refuse_invalid(
    files: Sequence[SweepFile], first: int | None, sweep_seed: int, problems: Problems
) -> None:
    """Report why networks cannot run; check random draws only if all files could be read."""
    is_sound = not problems.found
    refused = Problems()
    for file in files:
        if isinstance(file.networks, GridSearch):
            for why in file.networks.problems:
                refused.add(why.message, why.place, why.fix)
        elif is_sound:
            n_draws = file.n_points(first)
            points = file.points(first, sweep_seed)
            counts = Counter(why for _, reasons in points for why in reasons)
            for why, number in counts.items():
                message = f"{why.message} (in {number} of {n_draws} draws)"
                refused.add(message, why.place, why.fix)
    problems.take(refused)
    searched = (itertools.islice(file.points(first, sweep_seed), _MAX_SEARCHED) for file in files)
    can_run = (not reasons for points in searched for _, reasons in points)
    if is_sound and refused.found and any(can_run):
        message = "networks with these values cannot run"
        fix = "correct them, or leave them out by --skip-invalid (Python: skip_invalid=True)"
        problems.add(message, None, fix)


def _check_seed(sweep_seed: Any, problems: Problems) -> None:
    if isinstance(sweep_seed, bool) or not isinstance(sweep_seed, int) or sweep_seed < 0:
        message = f"the sweep seed: {show(sweep_seed)} is not a whole number of at least 0"
        problems.add(message, Place("--sweep-seed"), "give a seed such as 0")


def _check_first(first: Any, problems: Problems) -> int | None:
    """Return the requested number of networks; None if it is not given or not valid."""
    if first is None:
        return None
    if isinstance(first, bool) or not isinstance(first, int) or first < 1:
        message = f"the number of networks: {show(first)} is not a whole number of at least 1"
    elif first > MAX_NETWORKS:
        message = f"the number of networks: {show(first)} is above {MAX_NETWORKS}"
    else:
        return first
    problems.add(message, Place("--networks"), "give the number of networks")
    return None


def _check_number(files: Sequence[SweepFile], problems: Problems) -> None:
    """Report files whose networks cannot all be listed or drawn."""
    refused = {problem.place for problem in problems.found}
    for file in files:
        is_random = isinstance(file.networks, RandomSearch) and file.method_place not in refused
        if is_random and not file.says_number:
            message = "method: random without the number of networks to draw"
            fix = "add run_cap: 100 to the file, or give --networks 100 (Python: first=100)"
            problems.add(message, file.method_place, fix)
    n_points = sum(file.n_points(None) for file in files)
    if n_points > MAX_NETWORKS:
        are_grids = all(isinstance(file.networks, GridSearch) for file in files)
        what, less = ("grid points", "values") if are_grids else ("networks", "of them")
        message = f"the sweep has {n_points} {what}, more than {MAX_NETWORKS}"
        fix = f"give fewer {less}, or take the first N networks by --networks N (Python: first=N)"
        largest = max(files, key=lambda file: file.n_points(None))
        problems.add(message, largest.place, fix)
        return
    for file in files:
        grid = file.networks
        for each in grid.truncated.values() if isinstance(grid, GridSearch) else ():
            problems.add(each.problem.message, each.problem.place, each.problem.fix)
