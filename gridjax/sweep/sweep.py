"""Sweeps: networks from files in the Weights & Biases format, from dicts, or from specs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gridjax.errors import GridjaxError, Place, Problem
from gridjax.io.source_location import Problems, SourcedValue, attach_places
from gridjax.io.text import show
from gridjax.io.yaml_reader import read_yaml
from gridjax.spec.constraints import Readings, read_spec
from gridjax.spec.network import NetworkSpec
from gridjax.sweep import environments
from gridjax.sweep.doubts import doubts
from gridjax.sweep.expansion import Origin, SkippedNetworks, expand_files
from gridjax.sweep.files.sweep_file import is_random, read_file
from gridjax.sweep.overrides import read_overrides
from gridjax.sweep.settings import evaluation_sizes, perturbations
from gridjax.sweep.settings.run_settings import Settings, read_settings


@dataclass(frozen=True)
class Sweep:
    """The networks of one run, the settings of the run, and the texts of its files."""

    specs: tuple[NetworkSpec, ...]
    settings: Settings = field(default_factory=Settings)
    sources: tuple[tuple[str, str], ...] = ()
    """(name, text) of every file"""
    sweep_seed: int = 0
    """seed of random draws"""
    origins: tuple[Origin, ...] = ()
    """contribution of each file, in the order of the specs"""
    drawn: tuple[tuple[str, str], ...] = ()
    """(parameter, distribution) of each parameter that is drawn from a distribution"""
    remarks: tuple[str, ...] = ()
    """keys of the files that have another effect in other programs, distributions that may not be
    meant, networks that cannot path-integrate, and a grid of fewer networks than asked for, one
    line each"""
    skipped: tuple[SkippedNetworks, ...] = ()
    """networks left out by ``skip_invalid``, by reason"""
    claims: tuple[tuple[str, str], ...] = ()
    """(name, sha256 of its claims file) of each study that the networks are trained for"""

    @property
    def n_skipped(self) -> int:
        """Number of networks left out because they cannot run."""
        return sum(each.n_networks for each in self.skipped)

    @property
    def is_drawn(self) -> bool:
        """Whether a file draws its networks, so that they depend on the sweep seed."""
        return any(origin.n_draws for origin in self.origins)

    @classmethod
    def from_yaml(
        cls,
        *paths: str | Path,
        overrides: Mapping[str, Any] | None = None,
        first: int | None = None,
        sweep_seed: int = 0,
        skip_invalid: bool = False,
        is_part: bool = False,
    ) -> Sweep:
        """Read W&B sweep files as the networks of one run.

        ``method: grid`` gives all combinations of the parameter values; names are sorted, and the
        last one changes fastest. ``method: random`` draws ``first`` networks, or run_cap networks
        if ``first`` is None. Networks are in the order of the files, without duplicates. Top-level
        keys for the agents of W&B (program, metric, ...) are accepted and not used. The
        ``config.yaml`` of a W&B run is read as one network.

        Args:
            paths: sweep files.
            overrides: values that replace a parameter in every network ("Ng"; a list gives one
                network for each value) or a setting ("gridjax.lane_width").
            first: number of networks to use, from the start of the list; None for all.
            sweep_seed: seed of random draws.
            skip_invalid: whether networks that cannot run are left out; otherwise they are errors.
            is_part: whether the networks are a part of a run, so that a setting may apply only to
                networks of other parts.

        Raises GridjaxError with every error of all files.
        """
        problems = Problems()
        if not paths:
            raise GridjaxError(Problem("no sweep file is given", fix="give one or more YAML files"))
        for path in paths:
            if not isinstance(path, str | os.PathLike):
                fix = "give one or more names of files; a dict is for Sweep.from_dict"
                raise GridjaxError(Problem(f"{show(path)} is not the name of a file", fix=fix))
        contents = [(Path(path), *read_yaml(path, problems)) for path in paths]
        sources = dict.fromkeys((path.name, text) for path, _, text in contents)
        documents = [(path.name, document) for path, document, _ in contents if document]
        given = (overrides or {}, first, sweep_seed, skip_invalid)
        return _sweep_of(documents, tuple(sources), *given, problems, is_part)

    @classmethod
    def from_dict(
        cls,
        content: Mapping[str, Any],
        overrides: Mapping[str, Any] | None = None,
        first: int | None = None,
        sweep_seed: int = 0,
        skip_invalid: bool = False,
    ) -> Sweep:
        """Return the sweep of a dict that has the structure of one sweep file.

        ``content`` is the dict; the other arguments are those of ``from_yaml``. Raises GridjaxError
        with every error of the dict.
        """
        problems = Problems()
        document = attach_places(content, "sweep dict", problems)
        documents = [] if document is None else [("sweep dict", document)]
        text = json.dumps([one.plain() for _, one in documents], indent=2, default=repr)
        given = (overrides or {}, first, sweep_seed, skip_invalid)
        return _sweep_of(documents, (("sweep dict", text),), *given, problems)

    @classmethod
    def from_specs(cls, specs: Iterable[NetworkSpec], settings: Settings | None = None) -> Sweep:
        """Return a sweep of specs built in Python, checked in the same way as specs from a file.

        Equal specs occur once. If ``settings`` is None, default settings are used. Raises
        GridjaxError with every error of the first invalid spec, if there are no specs, or if
        perturbations or environments are asked for that apply to none of the networks.
        """
        fix = "give a list of gridjax.NetworkSpec; names of files are for Sweep.from_yaml"
        if not isinstance(specs, Iterable):
            raise GridjaxError(Problem(f"{show(specs)} is not a list", fix=fix))
        specs = list(specs)
        for spec in specs:
            if not isinstance(spec, NetworkSpec):
                raise GridjaxError(Problem(f"{show(spec)} is not a NetworkSpec", fix=fix))
        readings = Readings()
        distinct = tuple(dict.fromkeys(read_spec(spec, readings) for spec in specs))
        if not distinct:
            raise GridjaxError(Problem("a sweep without networks", fix="give at least one spec"))
        lines = ",\n".join(json.dumps(spec.to_dict()) for spec in distinct)
        text = f"[\n{lines}\n]"
        origins = (Origin("specs", len(distinct)),)
        settings = settings or Settings()
        check_evaluation(settings, distinct)
        return cls(distinct, settings, (("specs", text),), origins=origins)


def _sweep_of(
    documents: Sequence[tuple[str, SourcedValue]],
    sources: tuple[tuple[str, str], ...],
    overrides: Mapping[str, Any],
    first: int | None,
    sweep_seed: int,
    skip_invalid: bool,
    problems: Problems,
    is_part: bool = False,
) -> Sweep:
    of_networks, of_run = read_overrides(overrides, problems)
    # a file that is given twice has one position, so both draw the same networks
    drawing = dict.fromkeys(repr(one.plain()) for _, one in documents if is_random(one))
    positions = {content: position for position, content in enumerate(drawing)}
    files = []
    for name, document in documents:
        position = positions[repr(document.plain())] if is_random(document) else 0
        wanted = first if isinstance(first, int) else None  # other types are refused below
        files.append((name, read_file(document, of_networks, position, problems, wanted)))
    blocks = [file.settings for _, file in files]
    settings = read_settings(blocks, of_run, problems)
    specs, origins, skipped = expand_files(files, first, sweep_seed, skip_invalid, problems)
    if not is_part:
        given = [item for block in reversed((of_run, *blocks)) for item in block.items()]
        check_evaluation(settings, specs, {name: value.place for name, value in given})
    sampled = [each for _, file in files for each in file.sampled]
    remarks = [line for _, file in files for line in file.remarks]
    if first is not None and len(specs) < first and not any(each.n_draws for each in origins):
        n_networks = f"{len(specs):,} distinct networks that can run"
        remarks.append(f"--networks {first:,}: the sweep has only {n_networks}")
    return Sweep(
        specs=specs,
        settings=settings,
        sources=sources,
        sweep_seed=sweep_seed,
        origins=origins,
        drawn=tuple(dict.fromkeys((each.name, each.kind) for each in sampled)),
        remarks=(*remarks, *doubts(specs), *(each.doubt for each in sampled if each.doubt)),
        skipped=skipped,
    )


def check_evaluation(
    settings: Settings,
    specs: Iterable[NetworkSpec],
    places: Mapping[str, Place | None] | None = None,
) -> None:
    """Raise GridjaxError if measures are asked for that apply to none of the networks.

    ``places`` are those of the settings, by their names.
    """
    specs, places = list(specs), places or {}
    found = (
        perturbations.problem_of_setting(
            settings.evaluation.robustness, specs, places.get(perturbations.SETTING)
        ),
        environments.problem_of_setting(
            settings.evaluation.environments, specs, places.get(environments.SETTING)
        ),
    )
    problems = [problem for problem in found if problem is not None]
    problems += evaluation_sizes.problems_of_settings(settings.evaluation, specs, places)
    if problems:
        raise GridjaxError(problems)
