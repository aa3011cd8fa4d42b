"""Wheel and source distribution: what they hold, and the wheel alone at work."""

import os
import subprocess
import sys
import tarfile
import zipfile

import pytest
from source_tree import IS_WHOLE, ROOT, text_of

import gridjax as gj

SMOKE = """
import gridjax as gj, numpy as np, sys
from pathlib import Path
assert Path(gj.__file__).is_relative_to(sys.argv[1]), gj.__file__
from gridjax.cli import main
for arguments in (
    ["plan", "quickstart"],
    ["sweep", "tiny.yaml", "--out", "out"],
    ["score", "maps.npy", "--width-cm", "100"],
):
    sys.argv = ["gridjax", *arguments]
    try:
        main()
    except SystemExit as end:
        assert not end.code, arguments
assert len(gj.open_run("out").networks) == 1
"""
TINY = """
method: grid
parameters:
  place_field_values: {value: gaussian}
  Ng: {value: 8}
  Np: {value: 16}
  batch_size: {value: 4}
  sequence_length: {value: 3}
  n_epochs: {value: 1}
  n_grad_steps_per_epoch: {value: 3}
  bin_side_in_m: {value: 0.275}
"""


def built(folder, name, source):
    """Build a wheel or a source distribution; hatchling is needed, and nothing is downloaded."""
    pytest.importorskip("hatchling", reason="hatchling builds the distributions")
    code = (
        f"import os, sys, hatchling.build as backend; os.chdir({str(source)!r});"
        f" print(backend.build_{name}({str(folder)!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.split()[-1]


def run_smoke(site, folder):
    """Import, plan, train and score with the package in ``site``, outside of the source tree."""
    import numpy as np

    folder.mkdir()
    (folder / "tiny.yaml").write_text(TINY)
    np.save(folder / "maps.npy", np.random.default_rng(0).random((2, 20, 20)))
    # the folder of the wheel goes before the packages of this environment
    environment = os.environ | {"PYTHONPATH": str(site), "PYTHONSAFEPATH": "1"}
    done = subprocess.run(
        [sys.executable, "-c", SMOKE, str(site)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (folder / "out").exists()


@pytest.mark.slow
@pytest.mark.skipif(not IS_WHOLE, reason="needs the source tree")
def test_wheel_and_source_distribution_are_whole(tmp_path):
    wheel = built(tmp_path, "wheel", ROOT)
    source = built(tmp_path, "sdist", ROOT)
    assert wheel.name == f"gridjax-{gj.__version__}-py3-none-any.whl"
    assert source.name == f"gridjax-{gj.__version__}.tar.gz"
    with tarfile.open(source) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (unpacked,) = (tmp_path / "source").iterdir()
    for name in ("tests/conftest.py", "docs/index.md", "experiments/minimal.py", "LICENSE"):
        assert (unpacked / name).is_file()
    again = built(tmp_path / "source", "wheel", unpacked)
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(again) as other:
        assert sorted(one.namelist()) == sorted(other.namelist())
        names = set(one.namelist())
        assert {"gridjax/experiments/minimal.py", "gridjax/benchmarks/__init__.py"} <= names
        assert not any("__pycache__" in name or name.startswith("tests") for name in names)
        for name in names:
            assert one.read(name) == other.read(name), name
        one.extractall(tmp_path / "site")
    run_smoke(tmp_path / "site", tmp_path / "elsewhere")


def test_the_version_is_the_same_everywhere():
    assert f"version: {gj.__version__}\n" in text_of("CITATION.cff")
    assert f"## {gj.__version__}" in text_of("CHANGELOG.md")
