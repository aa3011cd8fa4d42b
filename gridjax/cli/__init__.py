"""Command line: one module for each command, named like the command. No other logic is here."""

from __future__ import annotations

import sys
from typing import NoReturn

from gridjax.cli import (
    bench,
    export,
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
from gridjax.cli.shared.application import app
from gridjax.cli.shared.command import OnceCommand
from gridjax.cli.shared.streams import EXIT_PIPE, OutputLost, standard_streams
from gridjax.errors import GridjaxError
from gridjax.io.text import printable

__all__ = [
    "app",
    "bench",
    "export",
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

# Typer lists commands in the order of their imports. This order is that of the README's table.
_IN_ORDER = [sweep, study, scan, plan, report, status, export, verify, bench, score, theory]
_POSITIONS = {module.__name__: position for position, module in enumerate(_IN_ORDER)}
app.registered_commands.sort(key=lambda command: _POSITIONS[command.callback.__module__])
for _command in app.registered_commands:
    _command.cls = OnceCommand


def main() -> None:
    """Run the command line. A GridjaxError is printed as one message and sets the exit code."""
    try:
        with standard_streams():
            app()
    except OutputLost:
        sys.exit(EXIT_PIPE)
    except GridjaxError as error:
        _end_with(error)
    except (RuntimeError, AssertionError, FloatingPointError) as error:
        # Only a failed command imports JAX here.
        from gridjax.run.execution.checks.jax_settings import absent_platform, nan_stopped

        reason = absent_platform(error) or nan_stopped(error)
        if reason is None:
            raise
        _end_with(reason)


def _end_with(error: GridjaxError) -> NoReturn:
    with standard_streams():
        sys.stderr.write(f"{printable(str(error))}\n")
    sys.exit(error.exit_code)
