"""The results of a network do not depend on its neighbours, on workers, processes or cores."""

import os
import subprocess
import sys

import pytest
from torture.companies import CASES, SEEDS
from torture.conftest import TESTS, printed
from torture.sweeps import N_BLOCKS, promised, tortured

import gridjax as gj


@pytest.mark.bits
@pytest.mark.slow
@pytest.mark.parametrize("workers", [2, 3])
def test_worker_processes_give_the_bits_of_this_process(
    workers, untouched, quick_workers, tmp_path
):
    quick_workers(tmp_path / "run")
    gj.train(tortured(6), tmp_path / "run", workers=workers)
    assert promised(tmp_path / "run") == promised(untouched(6))
    assert len(list((tmp_path / "marks").glob("*.points"))) == min(workers, N_BLOCKS)


@pytest.mark.slow
def test_bits_do_not_depend_on_neighbours_order_blocks_chunks_processes_or_cores(tmp_path, capsys):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])}
    command = [sys.executable, "-m", "torture.companies", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True)
    lines = printed(process)
    with capsys.disabled():
        for line in lines:
            print(
                "\n{case}: {compared} networks compared, in {blocks} blocks,"
                " differing {differing}".format(**line)
            )
    assert process.returncode == 0
    assert [line["case"] for line in lines] == list(CASES)
    assert lines[0]["compared"] == 2 * len(SEEDS)
    assert all(line["compared"] >= 1 for line in lines)
    assert not [line for line in lines if line["differing"]]
    blocks = {line["case"]: line["blocks"] for line in lines}
    assert blocks["one long block"] < blocks["in this process"]
