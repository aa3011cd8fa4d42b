"""Terminal table at the end of a run."""

from __future__ import annotations

from rich.console import Console

from gridjax.report.run_data import read_run_data
from gridjax.report.summary import summary_rows, summary_tables
from gridjax.run.results.run import Run


def print_summary(console: Console, run: Run) -> None:
    """Print the summary tables of a run and the number of diverged networks."""
    for table in summary_tables(summary_rows(read_run_data(run))):
        console.print(table)
    if run.n_diverged:
        console.print(
            f"{run.n_diverged} of {len(run.networks)} networks diverged and have no scores"
        )
