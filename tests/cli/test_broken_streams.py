"""Commands whose standard streams break, are closed or cannot show a character."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from commands import QUICKLY
from tiny import CARTESIAN, DIVERGING, sweep_content, write_sweep

import gridjax as gj

ENVIRONMENT = os.environ | {"COLUMNS": "200", "NO_COLOR": "1"}
PROGRAM = "from gridjax.cli import main; main()"


def broken(
    *arguments, program=PROGRAM, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **environment
):
    """A finished command whose standard streams fail."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    env = ENVIRONMENT | environment
    return subprocess.run(command, stdout=stdout, stderr=stderr, env=env, timeout=300, check=False)


@pytest.fixture
def full():
    """A disk that is full."""
    with Path("/dev/full").open("wb") as file:
        yield file


@pytest.fixture
def nobody():
    """A pipe that nobody reads any more."""
    source, sink = os.pipe()
    os.close(source)
    yield sink
    os.close(sink)


COMMANDS = [("plan", "quickstart"), ("plan", "quickstart", "--json"), ("--help",), ("--version",)]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_output_that_cannot_be_written_ends_a_command_without_a_traceback(arguments, nobody, full):
    closed = broken(*arguments, stdout=nobody)
    assert (closed.returncode, closed.stderr) == (141, b"")
    result = broken(*arguments, stdout=full)
    assert result.returncode == 74
    assert result.stderr.startswith(b"standard output cannot be written: No space left on device")
    assert result.stderr.count(b"\n") == 2


@pytest.mark.parametrize("arguments", [("plan", "no.yaml"), ("plan", "--no-option")], ids=" ".join)
def test_a_message_that_cannot_be_written_changes_no_exit_code(arguments, nobody, full):
    for stderr in (nobody, full):
        assert broken(*arguments, stderr=stderr).returncode == 2


@pytest.mark.slow
def test_streams_that_are_closed_lead_nowhere():
    for closed in (">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"):
        command = f'"$0" -c "$1" plan quickstart {closed}'
        shell = ["sh", "-c", command, sys.executable, PROGRAM]
        result = subprocess.run(shell, capture_output=True, env=ENVIRONMENT, check=False)
        assert result.returncode == 0
        assert b"Traceback" not in result.stdout + result.stderr
        assert (b"12 networks" in result.stdout) == (">&-" not in closed.replace("2>&-", ""))


def test_characters_that_a_terminal_has_not_are_replaced(tmp_path):
    path = write_sweep(tmp_path, "gitterzellen-größer.yaml", sweep_content(**CARTESIAN))
    ascii_only = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    other = write_sweep(tmp_path, "other.yaml", sweep_content(**CARTESIAN, seed={"value": 9}))
    result = broken("plan", path, other, **ascii_only)
    assert (result.returncode, result.stderr) == (0, b"")
    assert b"gitterzellen-gr??er.yaml" in result.stdout
    refused = broken("plan", tmp_path / "größer.yaml", **ascii_only)
    assert refused.returncode == 2
    assert b"Traceback" not in refused.stderr


@pytest.mark.slow
def test_a_sweep_goes_on_without_the_output_that_nobody_takes(tmp_path, nobody, full):
    path = write_sweep(tmp_path, "sweep.yaml", sweep_content(**DIVERGING))
    command, program = ("sweep", path, "--out", tmp_path / "run"), QUICKLY + PROGRAM
    result = broken(*command, program=program, stdout=nobody, stderr=full)
    assert result.returncode == 0
    assert gj.open_run(tmp_path / "run").is_finished


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="what a lost terminal answers")
def test_a_sweep_goes_on_without_its_terminal(tmp_path):
    path = write_sweep(tmp_path, "sweep.yaml", sweep_content(**DIVERGING))
    ours, theirs = pty.openpty()
    program = QUICKLY + PROGRAM
    command = [sys.executable, "-c", program, "sweep", path, "--out", tmp_path / "run"]
    # in a session of its own no SIGHUP comes: only writing fails
    process = subprocess.Popen(
        command, stdout=theirs, stderr=theirs, env=ENVIRONMENT, start_new_session=True
    )
    os.close(theirs)
    assert b"training" in os.read(ours, 100)
    os.close(ours)
    assert process.wait(timeout=300) == 0
    assert gj.open_run(tmp_path / "run").is_finished
