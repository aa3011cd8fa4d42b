"""Command line: one module for each command, named like the command. No other logic is here."""

from __future__ import annotations

import sys

from gridjax.cli import (
    bench,
    plan,
    report,
    scan,
    score,
    status,
    study,
    sweep,
    theory,
    verify,
)
from gridjax.cli.application import app
from gridjax.cli.streams import EXIT_PIPE, OutputLost, standard_streams
from gridjax.errors import GridjaxError
from gridjax.io.text import printable

__all__ = [
    "app",
    "bench",
    "main",
    "plan",
    "report",
    "scan",
    "score",
    "status",
    "study",
    "sweep",
    "theory",
    "verify",
]


def main() -> None:
    """Run the command line. A GridjaxError is printed as one message and sets the exit code."""
    try:
        with standard_streams():
            app()
    except OutputLost:
        sys.exit(EXIT_PIPE)
    except GridjaxError as error:
        with standard_streams():
            sys.stderr.write(f"{printable(str(error))}\n")
        sys.exit(error.exit_code)
