"""The study of docs/howto/own-study.md, trained as the page says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "howto" / "own-study.md").read_text()


def gridjax(*arguments, stdout=subprocess.PIPE):
    main = "import sys; from gridjax.cli import main; sys.argv[0] = 'gridjax'; main()"
    command = [sys.executable, "-c", main, *map(str, arguments)]
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)


def in_turn(*commands):
    """Run commands one after the other in one process, which compiles once; their outputs."""
    code = f"""
import sys
from gridjax.cli import main
for arguments in {[list(map(str, each)) for each in commands]}:
    sys.argv = ["gridjax", *arguments]
    try:
        main()
    except SystemExit as end:
        if end.code:
            raise
    sys.stdout.write(chr(12))
    sys.stdout.flush()
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split(chr(12))[:-1]


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
    command = ["study", page_study, "--out", out]
    first, second = in_turn([*command, "--seeds", "2"], command)
    assert "undecided" in first
    return out, second
