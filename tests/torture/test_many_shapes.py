"""A sweep of more shapes than one process can keep compiled: it ends with the same results."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tiny import CARTESIAN, sweep_content

import gridjax as gj

TESTS = Path(__file__).parents[1]
MOST_MAPS = 65_530
"""Memory maps of a process that Linux allows; a process that needs more is killed."""
N_SHAPES = 50
"""Each uses about 1,500 maps: 720 for its training on one device, 800 for its evaluation."""
WORK = """
import json, sys
from pathlib import Path
sys.path[:0] = sys.argv[1:3]
from torture.test_many_shapes import sweep
import gridjax as gj
gj.train(sweep(range(4, 4 + int(sys.argv[4]))), sys.argv[3])
print(json.dumps(len(Path("/proc/self/maps").read_text().splitlines())))
"""


@pytest.fixture(autouse=True, scope="module")
def evaluation_without_compilation():
    """Compile the evaluation, whose programs use half of the memory maps."""


def sweep(n_units):
    """Networks with these numbers of units, trained for two steps."""
    small = {"batch_size": {"value": 4}, "sequence_length": {"value": 3}}
    varied = {"Ng": {"values": list(n_units)}, "n_grad_steps_per_epoch": {"value": 2}}
    few_bins = {"bin_side_in_m": {"value": 0.22}}
    return gj.Sweep.from_dict(sweep_content(**CARTESIAN | small | varied | few_bins))


@pytest.mark.slow
@pytest.mark.bits
@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_a_sweep_of_many_shapes_ends_with_the_numbers_of_each_alone(tmp_path):
    arguments = [str(TESTS), str(TESTS.parent), str(tmp_path / "run"), str(N_SHAPES)]
    done = subprocess.run(
        [sys.executable, "-c", WORK, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) < 0.8 * MOST_MAPS
    networks = gj.open_run(tmp_path / "run").networks
    assert (networks["status"] == "finished").all()
    assert len(networks) == N_SHAPES
    for n_units in (4, 4 + N_SHAPES - 1):
        alone = gj.train(sweep([n_units])).networks
        beside = networks[networks["Ng"] == n_units].reset_index(drop=True)
        assert beside.equals(alone)
