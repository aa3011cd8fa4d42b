"""The study of docs/studies.md, trained as the page says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "studies.md").read_text()


def gridjax(*arguments):
    main = "import sys; from gridjax.cli import main; sys.argv[0] = 'gridjax'; main()"
    command = [sys.executable, "-c", main, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def page_study(tmp_path_factory):
    """The folder of the page's own study."""
    folder = tmp_path_factory.mktemp("studies") / "fast"
    folder.mkdir()
    sweep, claims = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    (analysis,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    for name, text in (("quick.yaml", sweep), ("claims.yaml", claims), ("analysis.py", analysis)):
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="session")
def studied(page_study, tmp_path_factory):
    """Its results, of two of the seeds first and then of all."""
    out = tmp_path_factory.mktemp("out")
    first = gridjax("study", page_study, "--seeds", "2", "--out", out)
    assert first.returncode == 0, first.stderr
    assert "at least 8" in (out / "fast" / "verdicts.json").read_text()
    second = gridjax("study", page_study, "--out", out)
    assert second.returncode == 0, second.stderr
    return out, second.stdout
