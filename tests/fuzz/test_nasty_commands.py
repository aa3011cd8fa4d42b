"""Nasty sweep files on the command line: exit code 2, the place, no traceback, and soon."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from .test_nasty_files import REFUSED, written

SECONDS = 2.0
SAMPLE = (
    *("alias bomb", "100,000 lists", "10^6 numbers", "400,000 numbers", "400,000 names"),
    *("900,000 digits and a letter", "a tag that runs a command", "UTF-16", "a pickle"),
    *("a null", "a control sequence", "10^42 points", "a device as place cells", "empty"),
)
FEW = ("alias bomb",)


def command(*arguments, **options):
    """A finished ``gridjax`` and the seconds of processor time it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [str(Path(sys.executable).with_name("gridjax")), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        **options,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return done, seconds


@pytest.fixture(scope="module")
def start_up():
    """Seconds that the command needs to do nothing."""
    return command("--version")[1]


def check_refusal(path, start_up, folder):
    done, seconds = command("plan", path, cwd=folder)
    assert done.returncode == 2, done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith(f"{path}:")
    assert done.stderr.replace("\n", "").isprintable()
    assert seconds < start_up + SECONDS


@pytest.mark.parametrize("name", FEW)
def test_nasty_files_end_with_code_2(name, start_up, tmp_path):
    check_refusal(written(tmp_path, REFUSED[name][0]), start_up, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["nasty.yaml"]


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in SAMPLE if name not in FEW])
def test_more_nasty_files_end_with_code_2(name, start_up, tmp_path):
    check_refusal(written(tmp_path, REFUSED[name][0]), start_up, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["nasty.yaml"]


def test_a_pipe_ends_with_code_2(start_up, tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    check_refusal(tmp_path / "pipe.yaml", start_up, tmp_path)


def test_nothing_is_written_for_a_sweep_that_is_refused(tmp_path):
    path = written(tmp_path, REFUSED["a tag that runs a command"][0])
    done, _ = command("sweep", path, "--out", tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 2
    assert [path.name for path in tmp_path.iterdir()] == ["nasty.yaml"]
