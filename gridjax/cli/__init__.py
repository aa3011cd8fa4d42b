"""The commands. No logic here: each calls functions of gridjax.study and gridjax.claims."""

from __future__ import annotations

import sys

from gridjax.cli import benching, planning, runs, scoring, studying, theory, training
from gridjax.cli.application import app
from gridjax.cli.output import EXIT_PIPE, OutputLost, standard_streams
from gridjax.errors import GridjaxError
from gridjax.io.text import printable

__all__ = [
    "app",
    "benching",
    "main",
    "planning",
    "runs",
    "scoring",
    "studying",
    "theory",
    "training",
]


def main() -> None:
    """Run the command line; a problem ends with one message and its exit code."""
    try:
        with standard_streams():
            app()
    except OutputLost:
        sys.exit(EXIT_PIPE)
    except GridjaxError as error:
        with standard_streams():
            sys.stderr.write(f"{printable(str(error))}\n")
        sys.exit(error.exit_code)
