"""Training of the networks of studies, each once, in one run that the studies share.

The folder of studies holds ``networks/``, a run folder like any other that grows with every study,
and a folder for each study with its verdicts and figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gridjax.callbacks import RunCallback
from gridjax.errors import GridjaxError, Problem
from gridjax.run.execution.train import train
from gridjax.run.storage.run_reader import Run, open_run
from gridjax.spec.parameters import SEEDS
from gridjax.studies.evidence import Evidence
from gridjax.studies.study import NETWORKS, PUBLISHED, Study
from gridjax.sweep.sweep import Sweep

LADDER = (256, 512)
"""Units of the larger networks that a verdict on small ones may be held against."""
ACCEPTED = ("sweep", "lane-width")
"""A run of studies grows. Default lane widths follow from device and shape, which are compared; so
networks of other shapes may have others."""


@dataclass(frozen=True)
class Request:
    """What is wanted of each study."""

    size: str = "quick"
    published: bool = False
    """exactly the published design instead of a size"""
    n_seeds: int | None = None
    """seeds 0 to n-1 in place of the files'; draws of a study that draws its networks"""
    overrides: Mapping[str, Any] | None = None
    ladder: bool = False
    """the same with LADDER units too"""

    @property
    def rungs(self) -> list[Request]:
        """The request itself, then those of the ladder."""
        overrides = dict(self.overrides or {})
        larger = LADDER if self.ladder else ()
        if larger and "Ng" in overrides:
            message = "--ladder and --set Ng=... both say how many units"
            raise GridjaxError(Problem(message, fix="give one of the two"))
        return [self, *(replace(self, overrides=overrides | {"Ng": n}) for n in larger)]

    @property
    def part(self) -> str:
        """The name of the sweep files."""
        return PUBLISHED if self.published else self.size


@dataclass(frozen=True)
class Asked:
    """A study and its networks."""

    study: Study
    sweep: Sweep

    def evidence(self, run: Run) -> Evidence:
        """Return the study's part of a run."""
        return Evidence(run, tuple(spec.run_id for spec in self.sweep.specs))


def lay_out(study: Study, request: Request, files: Sequence[Path] | None = None) -> Sweep:
    """Return the networks of a study, as they are before any pilot settles them.

    File by file, so that what one draws does not depend on the others; of several files that draw
    each draws its part of ``n_seeds``, and a file that crosses its seeds (layouts, weights, paths)
    keeps them. Raises GridjaxError.
    """
    files = study.files(request.part) if files is None else files
    return merged([_read(file, request, len(files)) for file in files], study.name)


def _read(file: Path, request: Request, n_files: int) -> Sweep:
    overrides = dict(request.overrides or {})
    plain = Sweep.from_yaml(file, overrides=overrides)
    if request.n_seeds is None:
        return plain
    if plain.is_drawn:
        return Sweep.from_yaml(file, overrides=overrides, first=-(-request.n_seeds // n_files))
    apart = [name for name in SEEDS if name not in overrides]
    if any(getattr(spec, name) is not None for spec in plain.specs for name in apart):
        return plain
    if "seed" in overrides:
        message = "--seeds and --set seed=... both say which seeds"
        raise GridjaxError(Problem(message, fix="give one of the two"))
    return Sweep.from_yaml(file, overrides=overrides | {"seed": list(range(request.n_seeds))})


def merged(sweeps: Sequence[Sweep], name: str) -> Sweep:
    """Return several sweeps as one, each network once.

    Raises GridjaxError where their settings differ.
    """
    if any(sweep.settings != sweeps[0].settings for sweep in sweeps):
        message = f"the sweep files of {name} have different settings (gridjax:)"
        fix = "networks of one folder share their settings: give studies that differ each its --out"
        raise GridjaxError(Problem(message, fix=fix))
    return Sweep(
        specs=tuple(dict.fromkeys(spec for sweep in sweeps for spec in sweep.specs)),
        settings=sweeps[0].settings,
        sources=tuple(dict.fromkeys(source for sweep in sweeps for source in sweep.sources)),
        origins=tuple(origin for sweep in sweeps for origin in sweep.origins),
    )


def pilot_sweep(study: Study, request: Request) -> Sweep | None:
    """Return the networks that must be trained before a study is laid out; None where none."""
    files = study.pilot_files(request.part)
    if not files:
        return None
    return lay_out(study, replace(request, n_seeds=None), files)


def settled(studies: Sequence[Study], request: Request, run: Run | None) -> list[Asked]:
    """Return every study with its networks, settled by the pilots in ``run`` where they have one.

    Without a run (nothing is trained yet) they are as laid out.
    """
    asked = []
    for study in studies:
        sweep = lay_out(study, request)
        pilot = pilot_sweep(study, request)
        if pilot is not None and run is not None:
            specs = study.settle(Asked(study, pilot).evidence(run), sweep.specs)
            sweep = replace(sweep, specs=tuple(dict.fromkeys(specs)))
        asked.append(Asked(study, sweep))
    return asked


def pilots(studies: Sequence[Study], request: Request) -> list[Asked]:
    """Return the studies that have a pilot, with the pilot's networks."""
    found = ((study, pilot_sweep(study, request)) for study in studies)
    return [Asked(study, sweep) for study, sweep in found if sweep is not None]


def union(asked: Sequence[Asked]) -> Sweep:
    """Return the networks of several studies as one population, with what they claim.

    Raises GridjaxError where their settings differ.
    """
    sweeps = [
        replace(
            one.sweep, sources=tuple((f"{one.study.name}/{n}", t) for n, t in one.sweep.sources)
        )
        for one in asked
    ]
    claims = dict.fromkeys((one.study.name, one.study.claims.sha256) for one in asked)
    names = ", ".join(dict.fromkeys(one.study.name for one in asked))
    return replace(merged(sweeps, names), claims=tuple(claims))


def train_studies(
    studies: Sequence[Study],
    request: Request,
    out: Path,
    callbacks: Sequence[RunCallback] = (),
    accept: Sequence[str] = (),
) -> tuple[Run, list[list[Asked]]]:
    """Train what the studies need and ``out`` does not hold yet; pilots first.

    Returns the run and, for each rung of the request, the studies with their networks. Raises
    GridjaxError and Stopped as gridjax.run.execution.train.train does.
    """
    accept = (*accept, *ACCEPTED)
    run = None
    before = [one for rung in request.rungs for one in pilots(studies, rung)]
    if before:
        run = train(union(before), out / NETWORKS, callbacks, accept=accept)
    rungs = [settled(studies, rung, run) for rung in request.rungs]
    asked = [one for rung in rungs for one in rung]
    return train(union([*before, *asked]), out / NETWORKS, callbacks, accept=accept), rungs


def analyse_only(
    studies: Sequence[Study], request: Request, out: Path
) -> tuple[Run, list[list[Asked]]]:
    """Return what is there of the studies, and train nothing.

    Raises GridjaxError where there is no run.
    """
    run = open_run(out / NETWORKS)
    return run, [settled(studies, rung, run) for rung in request.rungs]
