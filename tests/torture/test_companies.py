"""A network's numbers depend on nothing that is trained beside it, and on no number of devices."""

import os
import subprocess
import sys

import pytest
from torture.companies import CASES, SEEDS
from torture.conftest import TESTS, told


@pytest.mark.slow
def test_bits_depend_on_no_company_order_padding_chunk_or_number_of_devices(tmp_path, capsys):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])}
    command = [sys.executable, "-m", "torture.companies", str(tmp_path)]
    lines = told(subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True))
    with capsys.disabled():
        for line in lines:
            print("\n{case}: {compared} networks compared, differing {differing}".format(**line))
    assert [line["case"] for line in lines] == list(CASES)
    assert lines[0]["compared"] == 2 * len(SEEDS)
    assert all(line["compared"] >= 1 for line in lines)
    assert not [line for line in lines if line["differing"]]
