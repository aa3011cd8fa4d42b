"""Sweeps: files in the Weights & Biases format as NetworkSpecs, with located errors."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gridjax.errors import GridjaxError, Problem
from gridjax.io.source_location import Located, Problems, locate
from gridjax.io.yaml_reader import read_yaml
from gridjax.spec.constraints import read_spec
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.expansion import Origin, Skipped, lay_out
from gridjax.sweep.overrides import read_overrides
from gridjax.sweep.run_settings import Settings, read_settings
from gridjax.sweep.sweep_file import is_random, read_file


@dataclass(frozen=True)
class Sweep:
    """A population of networks, the settings it is run with, and the texts it was read from."""

    specs: tuple[NetworkSpec, ...]
    settings: Settings = field(default_factory=Settings)
    sources: tuple[tuple[str, str], ...] = ()
    """(name, text) of every file."""
    sweep_seed: int = 0
    """What random sweeps are drawn with."""
    origins: tuple[Origin, ...] = ()
    """What each file gave, in the order of the specs."""
    skipped: tuple[Skipped, ...] = ()
    """Networks left out by ``skip_invalid``, by their reason."""
    claims: tuple[tuple[str, str], ...] = ()
    """(study, sha256 of its claims file) of the studies that the networks are trained for."""

    @property
    def n_skipped(self) -> int:
        """Networks left out because they can never run."""
        return sum(each.n_networks for each in self.skipped)

    @property
    def is_drawn(self) -> bool:
        """Whether any file draws its networks, so that the sweep seed matters."""
        return any(origin.n_draws for origin in self.origins)

    @classmethod
    def from_yaml(
        cls,
        *paths: str | Path,
        overrides: Mapping[str, Any] | None = None,
        first: int | None = None,
        sweep_seed: int = 0,
        skip_invalid: bool = False,
    ) -> Sweep:
        """Read W&B sweep files as one population.

        Of ``method: grid`` the networks are the product over sorted parameter names, the last name
        fastest; of ``method: random`` they are ``first`` or else run_cap draws from
        ``sweep_seed``. File after file, without duplicates; ``first`` takes that many of them.
        ``overrides`` replace a parameter in every network ("Ng"; a list of values lays out each) or
        a setting ("gridjax.lane_width"). ``skip_invalid`` leaves out what can never run.
        Top-level keys for W&B's own agents (program, metric, ...) are accepted and not used.

        Raises GridjaxError with everything that is wrong in all files.
        """
        problems = Problems()
        if not paths:
            raise GridjaxError(Problem("no sweep file is given", fix="give one or more YAML files"))
        contents = [(Path(path), *read_yaml(path, problems)) for path in paths]
        sources = dict.fromkeys((path.name, text) for path, _, text in contents)
        documents = [(path.name, document) for path, document, _ in contents if document]
        given = (overrides or {}, first, sweep_seed, skip_invalid)
        return _lay_out(documents, tuple(sources), *given, problems)

    @classmethod
    def from_dict(
        cls,
        content: Mapping[str, Any],
        overrides: Mapping[str, Any] | None = None,
        first: int | None = None,
        sweep_seed: int = 0,
        skip_invalid: bool = False,
    ) -> Sweep:
        """The same from a dict of the same structure as one file."""
        problems = Problems()
        document = locate(content, "sweep dict", problems)
        documents = [] if document is None else [("sweep dict", document)]
        text = json.dumps([one.plain() for _, one in documents], indent=2, default=repr)
        given = (overrides or {}, first, sweep_seed, skip_invalid)
        return _lay_out(documents, (("sweep dict", text),), *given, problems)

    @classmethod
    def from_specs(cls, specs: Iterable[NetworkSpec], settings: Settings | None = None) -> Sweep:
        """A population of specs built in Python, checked as a file's would be."""
        distinct = tuple(dict.fromkeys(read_spec(spec) for spec in specs))
        if not distinct:
            raise GridjaxError(Problem("a sweep without networks", fix="give at least one spec"))
        text = json.dumps([spec.to_dict() for spec in distinct], indent=2)
        origins = (Origin("specs", len(distinct)),)
        return cls(distinct, settings or Settings(), (("specs", text),), origins=origins)


def _lay_out(
    documents: Sequence[tuple[str, Located]],
    sources: tuple[tuple[str, str], ...],
    overrides: Mapping[str, Any],
    first: int | None,
    sweep_seed: int,
    skip_invalid: bool,
    problems: Problems,
) -> Sweep:
    of_networks, of_run = read_overrides(overrides, problems)
    # a file given twice draws the same networks twice: they are one each
    drawing = dict.fromkeys(repr(one.plain()) for _, one in documents if is_random(one))
    positions = {content: position for position, content in enumerate(drawing)}
    files = []
    for name, document in documents:
        position = positions[repr(document.plain())] if is_random(document) else 0
        wanted = first if isinstance(first, int) else None  # whatever else it is is refused below
        files.append((name, read_file(document, of_networks, position, problems, wanted)))
    settings = read_settings([file.settings for _, file in files], of_run, problems)
    specs, origins, skipped = lay_out(files, first, sweep_seed, skip_invalid, problems)
    return Sweep(specs, settings, sources, sweep_seed, origins, skipped)
