"""Shell completion: the scripts of --show-completion, and the words that a shell asks for."""

import os
import subprocess
import sys

import pytest

PROGRAM = "import sys; sys.argv[0] = 'gridjax'; from gridjax.cli import main; main()"


def gridjax(*arguments, **environment):
    # a test has no shell as its parent process
    hidden = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        env=os.environ | hidden | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_shell_gets_its_script_and_installs_it(shell, tmp_path):
    shown = gridjax("--show-completion", shell)
    assert shown.returncode == 0, shown.stderr
    assert "_GRIDJAX_COMPLETE" in shown.stdout
    assert "gridjax" in shown.stdout
    installed = gridjax("--install-completion", shell, HOME=str(tmp_path))
    assert installed.returncode == 0, installed.stderr
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any("_GRIDJAX_COMPLETE" in path.read_text() for path in files)


def test_the_words_of_a_command_are_completed():
    line = {"_GRIDJAX_COMPLETE": "complete_bash", "COMP_WORDS": "gridjax s", "COMP_CWORD": "1"}
    assert sorted(gridjax(**line).stdout.split()) == ["scan", "score", "status", "study", "sweep"]
    line |= {"COMP_WORDS": "gridjax score --time", "COMP_CWORD": "2"}
    assert sorted(gridjax(**line).stdout.split()) == ["--time", "--time-units"]
    line = {"_GRIDJAX_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "gridjax rep"}
    assert "report" in gridjax(**line).stdout
