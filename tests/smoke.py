"""A smoke test of an installed gridjax: its commands and its scores, in a folder of its own.

It needs nothing but the package, so that it runs where the tests' own dependencies are missing:
``python tests/smoke.py`` in the environment that gridjax was installed into.
"""

import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

import gridjax as gj
from gridjax.metrics import grid_score

SWEEP = """
method: grid
parameters:
  place_field_values: {values: [difference_of_gaussians]}
  place_cell_rf: {value: 0.3}
  Ng: {value: 16}
  Np: {value: 24}
  batch_size: {value: 8}
  sequence_length: {value: 5}
  n_epochs: {value: 1}
  n_grad_steps_per_epoch: {value: 40}
  bin_side_in_m: {value: 0.11}
  seed: {values: [0, 1]}
gridjax:
  evaluation: {samples_per_bin: 40, batch_size: 100}
  keep_maps: best:2
"""
COMMAND = Path(sys.executable).parent / "gridjax"


def gridjax(folder: Path, *arguments: str, exit_code: int = 0) -> str:
    """Run one command; return what it printed."""
    began = time.perf_counter()
    done = subprocess.run(
        [COMMAND, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    shown = f"gridjax {' '.join(arguments)}: exit code {done.returncode}"
    print(f"  {shown}, {time.perf_counter() - began:.0f} s", flush=True)
    assert done.returncode == exit_code, f"{shown}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout + done.stderr


def hexagonal_map(n_bins: int = 20, period: float = 6.0) -> np.ndarray:
    """Return a rate map [n_bins, n_bins] whose fields lie on a hexagonal lattice, in bins."""
    x, y = np.mgrid[:n_bins, :n_bins]
    angles = np.deg2rad([0, 60, 120])
    wavenumber = 4 * np.pi / (np.sqrt(3) * period)
    waves = [np.cos(wavenumber * (x * np.cos(a) + y * np.sin(a))) for a in angles]
    return np.maximum(sum(waves), 0)


def main() -> None:
    """Install is done: import, plan, sweep, report, verification, scores, bad input."""
    names = ("gridjax", "jax", "jaxlib", "numpy", "flax", "orbax-checkpoint")
    print("  " + ", ".join(f"{name} {version(name)}" for name in names), flush=True)
    assert Path(gj.__file__).is_relative_to(sys.prefix), f"{gj.__file__} is not the installed one"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "tiny.yaml").write_text(SWEEP)
        assert "networks" in gridjax(folder, "plan", "quickstart")
        gridjax(folder, "sweep", "tiny.yaml", "--out", "run")
        gridjax(folder, "report", "run")
        gridjax(folder, "verify", "run")
        assert (folder / "run" / "report.html").stat().st_size > 10_000
        run = gj.open_run(folder / "run")
        assert list(run.networks["status"]) == ["finished"] * 2
        assert np.isfinite(run.networks["decode_err_ml_cm"]).all()
        maps = run.rate_maps(run.networks["run_id"][0])
        assert maps.shape == (2, 20, 20)
        noise = np.random.default_rng(0).random((20, 20))
        scores = np.asarray(grid_score(np.stack([hexagonal_map(), noise])).score_60)
        assert scores[0] > 1 > 0.5 > scores[1], scores
        np.save(folder / "maps.npy", maps.to_numpy())
        gridjax(folder, "score", "maps.npy", "--width-cm", "220", "--out", "scores.parquet")
        (folder / "tiny.yaml").write_text(SWEEP.replace("value: 24", "value: -24"))
        assert "Np" in gridjax(folder, "plan", "tiny.yaml", exit_code=2)
    print(f"  Python {platform.python_version()}: passed", flush=True)


if __name__ == "__main__":
    main()
