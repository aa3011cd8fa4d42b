"""The function study(): training of the networks of a study, tests of its claims, and its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from gridjax.callbacks import RunCallback
from gridjax.errors import GridjaxError, Problem
from gridjax.io.text import did_you_mean
from gridjax.run.execution.stop_signal import time_limit_callbacks
from gridjax.studies.networks.training import Request, read_studies, train_studies
from gridjax.studies.output.html import write_page
from gridjax.studies.output.results import conclude, verdict_content
from gridjax.studies.study import ALL, SIZES, find_studies, with_size

_COLUMNS = {"name": "claim", "claim": "text"}
"""Columns with another name than in the JSON file of a study, where ``claim`` is a sentence."""


def study(
    name: str,
    out: str | Path,
    *,
    size: str = "quick",
    published: bool = False,
    seeds: int | None = None,
    overrides: Mapping[str, Any] | None = None,
    no_training: bool = False,
    callbacks: Sequence[RunCallback] = (),
    progress: bool | None = None,
    time_limit: float | str | None = None,
    accept: Sequence[str] = (),
) -> pd.DataFrame:
    """Train the networks of a study, test its claims, and write verdicts, figures and report.html.

    ``out`` keeps the networks. The same call resumes a stopped study, and trains no network twice.

    Args:
        name: A shipped study, such as ``emergence``; ``all``, those that have the size; or the path
            of your own folder with claims.yaml and analysis.py, which is run.
        out: Folder for the results; the studies in it share networks.
        size: ``quick``, ``desk`` or ``paper``.
        published: Whether the published design is trained in place of a size.
        seeds: Number n of seeds: seeds 0 to n-1 replace those of the size. For a study that draws
            its networks, the number of draws.
        overrides: Values of parameters or settings for every network, as for Sweep.from_yaml.
        no_training: Whether nothing is trained, and only the networks in ``out`` are analysed.
        callbacks: As for gridjax.train.
        progress: Whether the progress is shown; None shows it in terminals and notebooks.
        time_limit: Time after which the training stops with all networks saved: seconds, or text
            such as ``30m``. None: no limit.
        accept: Names of accepted changes of the run, as for gridjax.train.

    Returns:
        One row for each claim: the study, the claim and its text, the outcome, the estimate with
        its 95 % interval (columns ``value``, ``low``, ``high``, in ``unit``), ``null``, ``p``,
        ``p_holm`` (Holm's correction over the study), the number ``n`` of networks or pairs, and
        ``sentence``, the verdict in words.

    Raises:
        GridjaxError: There is no such study, or the folder cannot be used.
        Stopped: A callback requested a stop, or the time limit has passed.
    """
    if size not in SIZES:
        fix = did_you_mean(size, SIZES) or f"one of {', '.join(SIZES)}"
        raise GridjaxError(Problem(f"size {size!r} is unknown", fix=fix))
    if seeds is not None and seeds < 1:
        fix = "give a positive number, or leave it out"
        raise GridjaxError(Problem(f"seeds={seeds} gives no network", fix=fix))
    studies, folder = find_studies(name), Path(out)
    request = Request(size, published, seeds, overrides)
    if name == ALL:
        studies, _ = with_size(studies, request.size_name)
    if no_training:
        run, by_units = read_studies(studies, request, folder)
    else:
        limited = [*callbacks, *time_limit_callbacks(time_limit)]
        run, by_units = train_studies(studies, request, folder, limited, accept, progress=progress)
    rows = []
    for plan, *larger in zip(*by_units, strict=True):
        for verdict in conclude(plan, run, request.size_name, folder, larger):
            content = verdict_content(verdict)
            del content["shown"]
            named = {_COLUMNS.get(key, key): value for key, value in content.items()}
            rows.append({"study": plan.study.name, **named})
    write_page(folder)
    return pd.DataFrame(rows)
