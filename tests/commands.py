"""Commands as a user types them, run in this process: JAX and pandas are imported once."""

import contextlib
import io
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from gridjax.cli import main

TESTS = Path(__file__).parent
QUICKLY = f"""
import sys
sys.path[:0] = [{str(TESTS.parent)!r}, {str(TESTS)!r}]
from torture.quick_evaluation import quick_evaluation
quick = quick_evaluation()  # it lasts as long as this name
quick.__enter__()
"""
"""The beginning of a program in whose process the evaluation takes no time."""


class Done(NamedTuple):
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


def in_this_process(folder, *arguments):
    """Run ``gridjax ARGUMENTS`` in a folder; raise what a user would see as a traceback."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("COLUMNS", "200")
        patch.setenv("NO_COLOR", "1")
        patch.setattr(sys, "argv", ["gridjax", *map(str, arguments)])
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main()
                code = 0
            except SystemExit as end:
                code = end.code or 0
    return Done(code, out.getvalue(), err.getvalue())
