"""Terminal table at the end of a run."""

from __future__ import annotations

from rich.console import Console

from gridjax.report.run_data import read_run_data
from gridjax.report.summary import summary_rows, summary_table
from gridjax.run.results.run import Run


def print_summary(console: Console, run: Run) -> None:
    """Print the summary table of a run and the number of diverged networks."""
    console.print(summary_table(summary_rows(read_run_data(run))))
    if run.n_diverged:
        console.print(
            f"{run.n_diverged} of {len(run.networks)} networks diverged and have no scores"
        )
