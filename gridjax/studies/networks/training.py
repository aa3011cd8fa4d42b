"""Training of the networks of studies in one run that the studies share.

The folder of studies contains ``networks/``, a run folder to which every study adds networks, and
one folder for each study with its verdicts and figures. A network that several studies use is
trained once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from gridjax.callbacks import RunCallback
from gridjax.errors import GridjaxError, Problem
from gridjax.io.source_location import MAX_VALUES
from gridjax.run.execution.train import train
from gridjax.run.results.run import Run, open_run
from gridjax.spec.network import NetworkSpec
from gridjax.spec.parameters import SEEDS
from gridjax.studies.evidence import Evidence
from gridjax.studies.networks.pilot_values import Table, chosen_values
from gridjax.studies.study import NETWORKS, PUBLISHED, Study
from gridjax.sweep.expansion import MAX_NETWORKS
from gridjax.sweep.settings import perturbations
from gridjax.sweep.settings.run_settings import Settings
from gridjax.sweep.sweep import Sweep, check_evaluation

ACCEPTED = ("sweep", "lane-width")
"""Changes of a run that every study accepts: additional networks, and other lane widths.

Networks of other shapes may have other default lane widths. The device is still compared.
"""


@dataclass(frozen=True)
class Request:
    """A choice of the networks of each study."""

    size: str = "quick"
    published: bool = False
    """the published design in place of a size"""
    n_seeds: int | None = None
    """use seeds 0 to n-1 in place of the seeds in the files; for a study that draws its networks,
    the number of draws"""
    overrides: Mapping[str, Any] | None = None
    """values of parameters for every network; for a list of ``Ng`` see ``by_units``"""

    @property
    def by_units(self) -> list[Request]:
        """Return one request for each value in a list of ``Ng`` in the overrides.

        Without such a list, return only this request. The verdicts for the first request are the
        study's verdicts; the verdicts for the others are shown next to them.
        """
        overrides = dict(self.overrides or {})
        sizes = overrides.get("Ng")
        if not isinstance(sizes, list | tuple) or not sizes:
            return [self]
        return [replace(self, overrides=overrides | {"Ng": n}) for n in dict.fromkeys(sizes)]

    @property
    def size_name(self) -> str:
        """The name of the sweep files: the size, or ``published``."""
        return PUBLISHED if self.published else self.size


@dataclass(frozen=True)
class StudyPlan:
    """A study and its networks."""

    study: Study
    sweep: Sweep
    pilot: tuple[NetworkSpec, ...] = ()
    """networks of the pilot; none if the study has no pilot"""
    chosen: Table = ()
    """the values that the pilot chose (`chosen_values`)"""

    def evidence(self, run: Run, folder: Path | None = None) -> Evidence:
        """Return the study's networks in a run; ``folder`` is that of the study's results."""
        return Evidence(run, tuple(spec.run_id for spec in self.sweep.specs), folder=folder)


def lay_out(study: Study, request: Request, files: Sequence[Path] | None = None) -> Sweep:
    """Return the networks of a study from its sweep files, before any pilot.

    Each file is read separately, so that its draws do not depend on other files. If several files
    draw networks, each draws an equal part of ``n_seeds``. A file that crosses its seeds (layouts,
    weights, paths) keeps its own seeds.

    Raises GridjaxError if a sweep file or a plugin is missing or invalid, or if settings or seeds
    conflict.
    """
    study.load_plugins()
    files = study.files(request.size_name) if files is None else files
    whole = merge_sweeps([_read(file, request, len(files)) for file in files], study.name)
    check_evaluation(whole.settings, whole.specs)
    return whole


def _read(file: Path, request: Request, n_files: int) -> Sweep:
    overrides = dict(request.overrides or {})
    read = partial(Sweep.from_yaml, file, is_part=True)
    plain = read(overrides=overrides)
    if request.n_seeds is None:
        return plain
    most = MAX_NETWORKS if plain.is_drawn else MAX_VALUES
    if request.n_seeds > most:
        message = f"--seeds {request.n_seeds:,} is above {most:,}"
        raise GridjaxError(Problem(message, fix="give fewer seeds"))
    if plain.is_drawn:
        return read(overrides=overrides, first=-(-request.n_seeds // n_files))
    free = [name for name in SEEDS if name not in overrides]
    if any(getattr(spec, name) is not None for spec in plain.specs for name in free):
        return plain
    if "seed" in overrides:
        message = "--seeds and --set seed=... both give the seeds"
        raise GridjaxError(Problem(message, fix="give one of the two"))
    return read(overrides=overrides | {"seed": list(range(request.n_seeds))})


def merge_sweeps(sweeps: Sequence[Sweep], name: str) -> Sweep:
    """Return several sweeps as one sweep, in which each network occurs once.

    Raises GridjaxError if their settings differ.
    """
    if any(sweep.settings != sweeps[0].settings for sweep in sweeps):
        message = f"the sweep files of {name} have different settings (gridjax:)"
        fix = "networks of one folder share their settings: give each study its own --out"
        raise GridjaxError(Problem(message, fix=fix))
    return Sweep(
        specs=tuple(dict.fromkeys(spec for sweep in sweeps for spec in sweep.specs)),
        settings=sweeps[0].settings,
        sources=tuple(dict.fromkeys(source for sweep in sweeps for source in sweep.sources)),
        origins=tuple(origin for sweep in sweeps for origin in sweep.origins),
    )


def pilot_sweep(study: Study, request: Request) -> Sweep | None:
    """Return the networks of the study's pilot; None if it has no pilot.

    The pilot is trained before the study's own networks.
    """
    files = study.pilot_files(request.size_name)
    if not files:
        return None
    return lay_out(study, replace(request, n_seeds=None), files)


def resolve_pilots(studies: Sequence[Study], request: Request, run: Run | None) -> list[StudyPlan]:
    """Return every study with its networks, after ``settle`` has used the pilots in ``run``.

    If ``run`` is None, no network is trained yet, and the networks are those of the sweep files.
    """
    plans = []
    for study in studies:
        sweep = lay_out(study, request)
        pilot = pilot_sweep(study, request)
        if pilot is None or run is None:
            plans.append(StudyPlan(study, sweep))
            continue
        settled = study.settle(StudyPlan(study, pilot).evidence(run), sweep.specs)
        specs = tuple(dict.fromkeys(settled))
        chosen = chosen_values(pilot.specs, sweep.specs, specs)
        plans.append(StudyPlan(study, replace(sweep, specs=specs), pilot.specs, chosen))
    return plans


def pilot_plans(studies: Sequence[Study], request: Request) -> list[StudyPlan]:
    """Return the studies that have a pilot, each with the pilot's networks."""
    sweeps = ((study, pilot_sweep(study, request)) for study in studies)
    return [StudyPlan(study, sweep) for study, sweep in sweeps if sweep is not None]


def union(plans: Sequence[StudyPlan]) -> Sweep:
    """Return the networks of several studies as one population, with the hashes of their claims.

    All networks are evaluated under the perturbations that any of the studies asks for. Raises
    GridjaxError if other settings differ.
    """
    asked = perturbations.union(plan.sweep.settings.evaluation.robustness for plan in plans)
    sweeps = [
        replace(
            plan.sweep,
            settings=_with_robustness(plan.sweep.settings, asked),
            sources=tuple((f"{plan.study.name}/{n}", t) for n, t in plan.sweep.sources),
        )
        for plan in plans
    ]
    claims = dict.fromkeys((plan.study.name, plan.study.claims.sha256) for plan in plans)
    names = ", ".join(dict.fromkeys(plan.study.name for plan in plans))
    return replace(merge_sweeps(sweeps, names), claims=tuple(claims))


def _with_robustness(settings: Settings, robustness: str) -> Settings:
    evaluation = replace(settings.evaluation, robustness=robustness)
    return replace(settings, evaluation=evaluation)


def train_studies(
    studies: Sequence[Study],
    request: Request,
    out: Path,
    callbacks: Sequence[RunCallback] = (),
    accept: Sequence[str] = (),
    progress: bool | None = None,
    part: str | None = None,
) -> tuple[Run, list[list[StudyPlan]]]:
    """Train the networks of studies that ``out`` does not contain yet; pilots are trained first.

    Args:
        studies: the studies.
        request: the size, seeds and overrides of their networks.
        out: the folder of studies.
        callbacks: as for gridjax.train.
        accept: names of accepted changes of the run, as for gridjax.train.
        progress: whether a progress bar is shown, as for gridjax.train.
        part: the part of the networks to train, as for gridjax.train; None: all.

    Returns the run and, for each request of ``request.by_units``, the studies with their networks.
    Raises GridjaxError and Stopped in the same cases as gridjax.train, and GridjaxError for a part
    of a study with a pilot, whose networks are not known before the pilot is trained, and, before
    training, for an analysis that cannot be imported.
    """
    for study in studies:
        study.check_analysis()
    accept = (*accept, *ACCEPTED)
    run = None
    before = [plan for one in request.by_units for plan in pilot_plans(studies, one)]
    if before and part is not None:
        names = ", ".join(dict.fromkeys(plan.study.name for plan in before))
        message = f"part {part}: the networks of {names} depend on a pilot, which has no parts"
        raise GridjaxError(Problem(message, fix="train them without --part"))
    if before:
        laid_out = [p for one in request.by_units for p in resolve_pilots(studies, one, None)]
        settings = union([*before, *laid_out]).settings  # those of the whole run
        run = train(
            replace(union(before), settings=settings),
            out / NETWORKS,
            callbacks,
            accept=accept,
            progress=progress,
        )
    by_units = [resolve_pilots(studies, one, run) for one in request.by_units]
    plans = [plan for of_size in by_units for plan in of_size]
    whole = union([*before, *plans])
    run = train(whole, out / NETWORKS, callbacks, accept=accept, progress=progress, part=part)
    return run, by_units


def read_studies(
    studies: Sequence[Study], request: Request, out: Path
) -> tuple[Run, list[list[StudyPlan]]]:
    """Return the result of ``train_studies`` for the networks in ``out``; train nothing.

    Raises GridjaxError if there is no run.
    """
    run = open_run(out / NETWORKS)
    return run, [resolve_pilots(studies, one, run) for one in request.by_units]
