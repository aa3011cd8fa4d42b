"""The study of docs/howto/own-study.md, trained by the command of the page."""

import re
import subprocess
import sys

import pytest
from commands import in_this_process
from source_tree import text_of
from torture.quick_evaluation import quick_evaluation


def gridjax(*arguments, stdout=subprocess.PIPE):
    """Run a command in a process of its own, whose output may have nowhere to go."""
    main = "import sys; from gridjax.cli import main; sys.argv[0] = 'gridjax'; main()"
    command = [sys.executable, "-c", main, *map(str, arguments)]
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)


@pytest.fixture(scope="session")
def page_study(tmp_path_factory):
    """The folder of the page's own study, with shorter paths."""
    page = text_of("docs", "howto", "own-study.md")
    folder = tmp_path_factory.mktemp("studies") / "fast"
    folder.mkdir()
    sweep, claims = re.findall(r"```yaml\n(.*?)```", page, flags=re.DOTALL)
    # the paths of the sweeps in tiny: then all its shapes are theirs, which other tests compile
    assert sweep.count("\n  seed:") == 1
    sweep = sweep.replace("\n  seed:", "\n  sequence_length: {value: 7}\n  seed:")
    (analysis,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    for name, text in (("quick.yaml", sweep), ("claims.yaml", claims), ("analysis.py", analysis)):
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="session")
def studied(page_study, tmp_path_factory):
    """Its results, of two of the seeds first and then of all.

    Evaluation takes no time: what a study makes of its measures does not depend on their source.
    The slow test of test_end_to_end.py has those of the page.
    """
    out = tmp_path_factory.mktemp("out")
    command = ["study", page_study, "--out", out]
    with quick_evaluation():
        first, second = (in_this_process(out, *command, *some) for some in (("--seeds", "2"), ()))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "not answerable at this size" in first.stdout
    return out, second.stdout


def make_competent(run):
    """Give all networks of a made-up run errors of networks that have learned the task."""
    run.networks["decode_err_ml_cm_T50"] = run.networks["decode_err_ml_cm"].where(
        run.networks["decode_err_ml_cm"].isna(), 5.0
    )
    run.networks["start_err_cm_T50"] = 40.0
    return run
