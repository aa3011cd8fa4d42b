"""Figures and reports whatever the environment variable MPLBACKEND says, without a display."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

BACKENDS = ("nonsense", "TkAgg", "module://matplotlib_inline.backend_inline", "module://nothing")
DRAW = """
from pathlib import Path
from gridjax import plotting
with plotting.styled():
    figure = plotting.new_figure(2.0)
    figure.subplots().plot([0, 1])
    plotting.save(plotting.FigureResult("a", "", figure, ""), Path("."))
"""
REPORT = "from gridjax.cli import main; main()"


def run(code, *arguments, cwd, backend):
    environment = {name: text for name, text in os.environ.items() if name != "DISPLAY"}
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=cwd,
        env=environment | {"MPLBACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_figure_needs_no_backend(backend, tmp_path):
    run(DRAW, cwd=tmp_path, backend=backend)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "a.svg"]


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_reports_predictions_and_scores_need_no_backend(backend, trained, tmp_path):
    run(REPORT, "report", trained.folder, cwd=tmp_path, backend=backend)
    assert (Path(trained.folder) / "report.html").exists()
    run(REPORT, "theory", "--out", "theory.png", cwd=tmp_path, backend=backend)
