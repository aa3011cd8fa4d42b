"""The command gridjax study, and the options and steps that it shares with gridjax scan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gridjax.callbacks import Stopped
from gridjax.cli.application import app, console, print_line
from gridjax.cli.options import Accept, Overrides, TimeLimit, read_overrides
from gridjax.cli.streams import keep_on
from gridjax.errors import GridjaxError, Problem
from gridjax.run.execution.stop_signal import EXIT_STOPPED, StopSwitch, on_signals


def _size(name: str) -> str:
    """Return the name of a size; raise GridjaxError for one that is none."""
    from gridjax.studies.study import SIZES

    if name not in SIZES:
        raise GridjaxError(Problem(f"--size {name} is unknown", fix=f"one of {', '.join(SIZES)}"))
    return name


Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Folder of studies; they share its networks."),
]
Size = Annotated[
    str, typer.Option("--size", metavar="quick|desk|paper", callback=_size, help="How large.")
]
Seeds = Annotated[
    int | None,
    typer.Option(
        "--seeds",
        metavar="N",
        min=1,
        help="Seeds 0 to N-1 in place of the size's own; draws, of a study that draws its"
        " networks.",
    ),
]
PlanOnly = Annotated[
    bool,
    typer.Option("--plan", help="Say what would be trained and what it costs."),
]
Ladder = Annotated[
    bool,
    typer.Option("--ladder", help="The same with 256 and 512 units, beside each verdict."),
]
NoTraining = Annotated[
    bool,
    typer.Option("--no-training", help="Analyse again what is there; train nothing."),
]


@app.command(
    epilog="Examples:  gridjax study width-sensitivity --out runs/studies   |   "
    "gridjax study all --size desk --plan"
)
def study(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="emergence, encodings, modules, turing, width-sensitivity, heterogeneity,"
            " precision, all; or a folder of your own with claims.yaml and analysis.py, which is"
            " run.",
        ),
    ],
    out: Out = None,
    size: Size = "quick",
    arms: Annotated[
        str | None,
        typer.Option("--arms", metavar="published", help="Exactly the published design."),
    ] = None,
    seeds: Seeds = None,
    overrides: Overrides = None,
    ladder: Ladder = False,
    plan: PlanOnly = False,
    time_limit: TimeLimit = None,
    no_training: NoTraining = False,
    accept: Accept = None,
) -> None:
    """Train what a study needs, test its claims, and write verdicts, figures and report.html."""
    from gridjax.studies.study import ALL, PUBLISHED, find_studies
    from gridjax.studies.training import Request

    if arms not in (None, PUBLISHED):
        raise GridjaxError(Problem(f"--arms {arms} is unknown", fix="use --arms published"))
    studies = find_studies(name)
    if name == ALL and arms == PUBLISHED:
        absent = [one.name for one in studies if not one.has(PUBLISHED)]
        studies = [one for one in studies if one.has(PUBLISHED)]
        print_line(f"left out, for its published networks are not known: {', '.join(absent)}")
    request = Request(size, arms == PUBLISHED, seeds, read_overrides(overrides), ladder)
    follow(studies, request, out, plan, time_limit, no_training, accept)


def follow(
    studies: list[Any],
    request: Any,
    out: Path | None,
    plan: bool,
    time_limit_s: float | None,
    no_training: bool,
    accept: list[str] | None,
) -> None:
    """Plan, or train, analyse and report."""
    from gridjax.studies.tables import plan_lines, verdict_table

    if plan:
        from gridjax.run.execution.machine import device_kind

        for line in plan_lines(studies, request, device_kind()):
            console().print(line, soft_wrap=isinstance(line, str))
        return
    if out is None:
        raise GridjaxError(Problem("no --out DIR is given", fix="name a folder for the results"))
    from gridjax.cli.progress import Terminal
    from gridjax.studies.html import write_page
    from gridjax.studies.results import conclude
    from gridjax.studies.training import analyse_only, train_studies

    keep_on()
    switch = StopSwitch(time_limit_s)
    if no_training:
        run, rungs = analyse_only(studies, request, out)
    else:
        callbacks = [Terminal(console()), switch]
        try:
            with on_signals(switch):
                run, rungs = train_studies(studies, request, out, callbacks, accept or ())
        except (Stopped, KeyboardInterrupt) as stopped:
            console().print(f"stopped by {stopped or 'Ctrl-C'}; the same command resumes")
            raise typer.Exit(EXIT_STOPPED) from None
    for one, *larger in zip(*rungs, strict=True):
        verdicts = conclude(one, run, request.part, out, larger)
        console().print(verdict_table(one.study, verdicts))
    console().print(f"report in {write_page(out)}", soft_wrap=True)
