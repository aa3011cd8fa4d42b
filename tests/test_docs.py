"""The code and the commands of the README and the docs, run as written."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from commands import QUICKLY
from source_tree import text_of

ROOT = Path(__file__).parents[1]
README = text_of("README.md")
DOCS = ROOT / "docs"
TUTORIAL = DOCS / "tutorial" / "first-population.md"


def blocks(text, language):
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def script(page):
    """Return a notebook as a script: its magics as calls, without what only a browser shows."""
    parts = []
    for cell in blocks(page.read_text(), r"\{code-cell\} python"):
        magic, _, rest = cell.partition("\n")
        if magic.startswith("%%writefile "):
            parts.append(f"pathlib.Path({magic.split()[1]!r}).write_text({rest!r})\n")
        elif magic.startswith("%%bash "):
            parts.append(f"printed = subprocess.check_output({rest!r}, shell=True, text=True)\n")
        elif "IPython" not in cell:
            parts.append(cell)
    return "import pathlib\nimport subprocess\n" + "\n".join(parts)


def run_script(code, folder):
    """Run code in a folder, with the commands of this environment and without a display."""
    (folder / "shown.py").write_text(f"{code}print('all of it')\n")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": path, "MPLBACKEND": "agg"}
    shown = subprocess.run(
        [sys.executable, "shown.py"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.stdout.endswith("all of it\n"), shown.stderr


AFTERWARDS = """
assert len(run.networks) == 4
assert maps.dims == ("unit", "x", "y")
assert network.spec.run_id == run_id
"""
OF_TUTORIAL = """
assert paths.positions.shape == (8, 20, 2)
assert answer.decoded.shape == (8, 19, 2)  # the first position is where the path starts
assert scores.score_60.shape == maps.shape[:1]
assert "report in runs/mine/report.html" in printed
"""
OF_MAPS = """
assert scores.score_60[0] > 1 > 0.5 > scores.score_60[1]
assert abs(lattice.period_cm[0] - 50) < 0.5
assert np.isnan(lattice.period_cm[1:]).all()
assert p[0] < 0.01 < 0.1 < min(p[1:])
assert score > 1
"""


OF_THOUSAND = """
share = (table["p_value"] <= 0.05).groupby(table["kind"]).mean()
assert share["grid"] > 0.95
assert 0.01 < share["wandering"] < 0.11
assert share[["place", "border"]].max() < 0.02
assert null.shape == (1000, 99)
"""


def tutorial_and_readme():
    """Both in one process and one run folder: the example finds the tutorial's networks there."""
    (example,) = blocks(README, "python")
    return f"{script(TUTORIAL)}{AFTERWARDS}{OF_TUTORIAL}{example}{AFTERWARDS}"


IN_SHORT = {
    "n_grad_steps_per_epoch: {value: 2000}": "n_grad_steps_per_epoch: {value: 60}",
    # the shapes of the sweeps in tiny, which other tests compile
    "Ng: {value: 64}": "Ng: {value: 24}",
    "Np: {value: 64}": "Np: {value: 32}",
    "batch_size: {value: 32}": "batch_size: {value: 16}\\n  sequence_length: {value: 7}",
    "place_cell_rf: {value: 0.24}": "place_cell_rf: {value: 0.24}\\n  bin_side_in_m: {value: 0.11}",
}


@pytest.mark.slow
def test_the_code_of_the_tutorial_and_of_the_readme_runs(tmp_path):
    """Every line of both, on smaller networks, whose evaluation takes no time."""
    code = tutorial_and_readme()
    for long, short in IN_SHORT.items():
        assert code.count(long) == 1
        code = code.replace(long, short)
    run_script(QUICKLY + code, tmp_path)
    assert (tmp_path / "runs" / "mine" / "report.html").stat().st_size > 100_000


@pytest.mark.slow
def test_the_tutorial_and_the_example_of_the_readme_work_as_shown(tmp_path):
    run_script(tutorial_and_readme(), tmp_path)
    assert (tmp_path / "runs" / "mine" / "report.html").stat().st_size > 100_000


@pytest.mark.slow
def test_the_notebook_on_maps_works_as_shown(tmp_path):
    run_script(script(DOCS / "tutorial" / "score-maps.md") + OF_MAPS, tmp_path)


MACHINES = (DOCS / "howto" / "machines.md").read_text()


@pytest.mark.slow
def test_the_notebook_on_1000_cells_works_as_shown(tmp_path):
    run_script(script(DOCS / "tutorial" / "thousand-cells.md") + OF_THOUSAND, tmp_path)


@pytest.mark.slow
def test_the_page_on_machines_works_as_shown(tmp_path):
    """Two parts in one folder, its report, and the tables of all folders read together."""
    (sweep,), (reading,), (parts,) = (
        blocks(MACHINES, language) for language in ("yaml", "python", "bash")
    )
    (tmp_path / "sweep.yaml").write_text(sweep)
    call = f"import subprocess\nsubprocess.check_output({parts!r}, shell=True, text=True)\n"
    checks = """
assert len(networks) == 4
assert nulls.groupby(["null_id", "nbins"])["readout"].nunique().eq(1024).all()
(run,) = runs
assert run.is_finished
assert Path("runs/big/report.html").exists()
"""
    run_script(call + reading + checks, tmp_path)


def test_the_commands_of_the_page_on_machines_exist():
    """Every option that the page names, in text or in the files of other programs."""
    from typer.main import get_command

    from gridjax.cli import app

    fenced = re.findall(r"^```\w*\n(.*?)^```", MACHINES, flags=re.DOTALL | re.MULTILINE)
    lines = [line for block in fenced for line in block.splitlines()]
    lines += re.findall(r"`(gridjax [^`]+)`", MACHINES.replace("\n", " "))
    command = re.compile(r"(?<!import )gridjax (\w+)([^>&]*)")
    commands = [match for line in lines for match in command.findall(line)]
    assert len(commands) > 12
    known = get_command(app).commands
    for name, rest in commands:
        options = {option for each in known[name].params for option in each.opts}
        used = set(re.findall(r"(?<![\w-])--[a-z-]+", rest))
        assert used <= options, (name, used - options)
    named = set(re.findall(r"`(--[a-z-]+)", MACHINES))
    assert named <= {o for each in known.values() for param in each.params for o in param.opts}
    (stages,) = (each for each in fenced if each.startswith("stages:"))
    assert yaml.safe_load(stages)["stages"]["train"]["outs"] == [{"runs/big": {"persist": True}}]
