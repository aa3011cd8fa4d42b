"""The watch over readers sees what it must: what is executed, written, hung on or too large."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of a process, /proc")
HERE = Path(__file__).parent
CODE = """
import json, os, pickle, sys, time
sys.path.insert(0, sys.argv[1])
import forkedreader
forkedreader._HANGS_AFTER = 1
class Attack:
    def __reduce__(self):
        return os.getpid, ()
ATTACK = pickle.dumps(Attack())
read = forkedreader.read
def act(what, path):
    forkedreader.read = lambda *_: eval(what)
    return forkedreader.in_a_child(what, path)
print(json.dumps([act(what, "none") for what in sys.argv[2:]]))
"""
ACTS = {
    "os.system('true')": "no reader may",
    "open('written', 'w')": "no reader may",
    "pickle.loads(ATTACK)": "no reader may",
    "time.sleep(5)": "no end in",
    "read('sweep', 7 * [bytearray(400 << 20)])": "ended with",
}


def test_misbehaviour_is_seen(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(HERE), *ACTS],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    results = json.loads(done.stdout)
    for result, why in zip(results, ACTS.values(), strict=True):
        assert result["outcome"] == "broken"
        assert why in result["error"] or "MemoryError" in result["error"]
    assert not list(tmp_path.iterdir())
