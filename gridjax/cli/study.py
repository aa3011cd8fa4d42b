"""Command gridjax study. gridjax scan uses its options and steps too."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from gridjax.callbacks import RunCallback, Stopped
from gridjax.cli.shared.application import app, console, print_line
from gridjax.cli.shared.options import Accept, Overrides, Part, TimeLimit, read_overrides
from gridjax.cli.shared.streams import keep_on
from gridjax.cli.shared.tracking import Track, TrackNetworks, TrackProject, tracker_callbacks
from gridjax.errors import GridjaxError, Problem
from gridjax.run.execution.stop_signal import EXIT_STOPPED, StopSwitch, on_signals


def _size(name: str) -> str:
    """Return the name of a size. Raises GridjaxError if it is unknown."""
    from gridjax.studies.study import SIZES

    if name not in SIZES:
        raise GridjaxError(Problem(f"--size {name} is unknown", fix=f"one of {', '.join(SIZES)}"))
    return name


Out = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="DIR", help="Folder for the results; the studies in it share networks."
    ),
]
Size = Annotated[
    str,
    typer.Option("--size", metavar="quick|desk|paper", callback=_size, help="Size of the study."),
]
Seeds = Annotated[
    int | None,
    typer.Option(
        "--seeds",
        metavar="N",
        min=1,
        help="Seeds 0 to N-1 in place of the size's own; number of draws for a study that draws"
        " its networks.",
    ),
]
PlanOnly = Annotated[
    bool,
    typer.Option("--plan", help="Show the networks and their cost; train nothing."),
]
NoTraining = Annotated[
    bool,
    typer.Option("--no-training", help="Analyse the finished networks in DIR; train nothing."),
]


@app.command(
    epilog="Examples:  gridjax study width-sensitivity --out runs/studies   |   "
    "gridjax study all --size desk --plan"
)
def study(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="emergence, encodings, modules, turing, width-sensitivity, heterogeneity,"
            " agents, dropout, good-for, landmarks, lattices, leaky, models, precision, static,"
            " volume, all; or your own folder with claims.yaml and analysis.py. The command runs"
            " the analysis: name only folders that you trust.",
        ),
    ],
    out: Out = None,
    size: Size = "quick",
    published: Annotated[
        bool,
        typer.Option("--published", help="Train the published design in place of a size."),
    ] = False,
    seeds: Seeds = None,
    overrides: Overrides = None,
    plan: PlanOnly = False,
    part: Part = None,
    time_limit: TimeLimit = None,
    no_training: NoTraining = False,
    accept: Accept = None,
    track: Track = None,
    track_project: TrackProject = None,
    track_networks: TrackNetworks = False,
) -> None:
    """Train the networks of a study, test its claims, write verdicts, figures and report.html."""
    from gridjax.studies.networks.training import Request
    from gridjax.studies.study import ALL, find_studies, with_size

    given = context.get_parameter_source("size")
    if published and given is not None and given.name == "COMMANDLINE":
        message = "--published and --size both choose the networks"
        raise GridjaxError(Problem(message, fix="give one of the two"))
    studies = find_studies(name)
    request = Request(size, published, seeds, read_overrides(overrides))
    if name == ALL:
        studies, absent = with_size(studies, request.size_name)
        what = "a published design" if published else f"the size {size}"
        if absent:
            print_line(f"left out, without {what}: {', '.join(absent)}")
    trackers = study_trackers(track, track_project, track_networks, no_training, plan)
    follow(studies, request, out, plan, time_limit, no_training, accept, trackers, part)


def study_trackers(
    names: list[str] | None, project: str | None, per_network: bool, no_training: bool, plan: bool
) -> list[RunCallback]:
    """Return the callbacks of trackers. Raises GridjaxError if nothing would be trained."""
    if names and (plan or no_training):
        option = "--plan" if plan else "--no-training"
        fix = "leave --track out: it records the training"
        raise GridjaxError(Problem(f"--track {names[0]} has no effect with {option}", fix=fix))
    return tracker_callbacks(names, project, per_network)


def follow(
    studies: list[Any],
    request: Any,
    out: Path | None,
    plan: bool,
    time_limit_s: float | None,
    no_training: bool,
    accept: list[str] | None,
    trackers: Sequence[RunCallback] = (),
    part: str | None = None,
) -> None:
    """Show the plan of studies, or train and analyse their networks and write the page.

    Args:
        studies: the studies (gridjax.studies.Study).
        request: the choice of their networks (gridjax.studies.Request).
        out: the folder of studies.
        plan: whether only the plan is shown.
        time_limit_s: limit of the training time, seconds; None: no limit.
        no_training: whether only networks that are already trained are analysed.
        accept: names of accepted changes of the run.
        trackers: callbacks of trackers.
        part: the part of the networks to train; None: all. The page is written when all parts are
            finished.
    """
    from gridjax.studies.output.tables import plan_lines, verdict_table

    if part is not None and (plan or no_training):
        other = "--plan" if plan else "--no-training"
        message = f"--part {part} and {other} exclude each other"
        raise GridjaxError(Problem(message, fix="give one of the two"))
    if plan:
        from gridjax.run.worker.machine import device_name

        for line in plan_lines(studies, request, device_name()):
            console().print(line, soft_wrap=isinstance(line, str))
        return
    if out is None:
        raise GridjaxError(Problem("no --out DIR is given", fix="name a folder for the results"))
    from gridjax.run.execution.progress_bar import ProgressBar
    from gridjax.studies.networks.training import read_studies, train_studies
    from gridjax.studies.output.html import write_page
    from gridjax.studies.output.results import conclude
    from gridjax.studies.study import NETWORKS

    keep_on()
    switch = StopSwitch(time_limit_s)
    if no_training:
        run, by_units = read_studies(studies, request, out)
    else:
        callbacks = [ProgressBar(console()), *trackers, switch]
        try:
            with on_signals(switch):
                run, by_units = train_studies(
                    studies, request, out, callbacks, accept or (), progress=False, part=part
                )
        except (Stopped, KeyboardInterrupt) as stopped:
            console().print(f"stopped by {stopped or 'Ctrl-C'}; the same command resumes")
            raise typer.Exit(EXIT_STOPPED) from None
    if part is not None and not run.is_finished:
        told = f"this part is finished, and {len(run.networks)} networks of all parts"
        shows = f"gridjax status {out / NETWORKS} shows the other parts"
        console().print(f"{told}; {shows}", soft_wrap=True)
        return
    for one, *larger in zip(*by_units, strict=True):
        verdicts = conclude(one, run, request.size_name, out, larger)
        console().print(verdict_table(one.study, verdicts))
    console().print(f"report in {write_page(out)}", soft_wrap=True)
