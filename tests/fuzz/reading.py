"""The forked reader from the tests' side: what is promised of every file, and counts."""

import json
import os
import subprocess
import sys
from pathlib import Path

from .forkedreader import MEGABYTES

SECONDS = 2.0
LARGE = 10_000
"""Networks; more of them, where they can be trained, may take longer to lay out."""
_OF_THE_WHOLE_FILE = (
    *("is empty", "is longer than", "is not UTF-8", "is not YAML", "is a folder"),
    *("is not a regular file", "cannot be read", "does not exist"),
)
_REMARKS = ("networks with these values cannot run", "there may be more", "no network is left")


class Reader:
    """Reads files in children of one process, and counts."""

    def __init__(self):
        environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
        script = Path(__file__).with_name("forkedreader.py")
        self._process = subprocess.Popen(
            [sys.executable, str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self.counts = dict.fromkeys(("cases", "accepted", "refused", "broken", "large"), 0)
        self.slowest = self.largest = 0.0

    def read(self, path, what="sweep"):
        """What became of one file."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([what, str(path)]) + "\n")
        self._process.stdin.flush()
        result = json.loads(self._process.stdout.readline())
        self.counts["cases"] += 1
        self.counts[result["outcome"]] += 1
        is_large = result.get("networks", 0) > LARGE
        self.counts["large"] += is_large
        if not is_large:
            self.slowest = max(self.slowest, result["seconds"])
            self.largest = max(self.largest, result["megabytes"])
        return result

    def check(self, path, what="sweep"):
        """What became of one file, which must be what is promised of every file."""
        result = self.read(path, what)
        assert result["outcome"] != "broken", result["error"]
        assert result["megabytes"] < MEGABYTES
        if result.get("networks", 0) <= LARGE:
            assert result["seconds"] < SECONDS
        if what == "run":
            check_damage(result, path)
        else:
            check_places(result, path)
        return result

    def told(self):
        """The counts in words."""
        counts = ", ".join(f"{number} {name}" for name, number in self.counts.items())
        return f"{counts}; slowest {self.slowest:.2f} s, largest {self.largest:.0f} MB"

    def close(self):
        """End the process."""
        self._process.communicate()


def check_damage(result, folder):
    """What is wrong with a run folder names it, in lines that every terminal can show."""
    assert result.get("exit_code", 2) in (2, 4)
    for problem in result.get("problems", ()):
        assert str(folder) in problem["text"]
        assert len(problem["text"]) < 3000
        assert problem["text"].replace("\n", "").isprintable(), problem
        assert "\n" not in problem["message"]


def check_places(result, path):
    """Every problem names the file; one about a value in it, the line and column too."""
    for problem in result.get("problems", ()):
        message = problem["message"]
        assert len(problem["text"]) < 3000
        assert problem["text"].replace("\n", "").isprintable(), problem
        if message.startswith(_REMARKS):
            assert problem["file"] is None
        else:
            assert problem["file"] == str(path), problem
            if not message.startswith(_OF_THE_WHOLE_FILE):
                assert problem["line"] is not None, problem
                assert problem["column"] is not None, problem
