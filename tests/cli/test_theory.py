"""gridjax theory as a user types it; --help and bad input in processes, the rest in this one."""

import json
import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from gridjax.cli import app
from gridjax.errors import GridjaxError

BLOCKED = "import sys; sys.modules['jax'] = None; from gridjax.cli import main; main()"


def in_process(*arguments):
    """Run the command in a process where JAX cannot be imported."""
    command = [sys.executable, "-c", BLOCKED, "theory", *map(str, arguments)]
    environment = os.environ | {"COLUMNS": "200", "NO_COLOR": "1"}
    return subprocess.run(
        command, capture_output=True, text=True, env=environment, timeout=100, check=False
    )


def called(*arguments):
    return CliRunner().invoke(app, ["theory", *map(str, arguments)])


def test_it_prints_wavenumber_period_modes_and_whether_it_fits_without_jax():
    result = in_process("--place-cell-rf", 0.12, "--surround-scale", 2)
    assert result.returncode == 0, result.stderr
    for said in ("8.011 rad/m", "2.81 cycles", "90.6 cm", "(2, 2) of 2.83", "3.05", "yes"):
        assert said in result.stdout
    shown = in_process("--help")
    assert "Example" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--place-cell-rf", -1), "place_cell_rf: -1.0"),
        (("--place-cell-rf", 12), "place fields of 12 m are wider than the box of 2.2 m"),
        (("--surround-scale", 1), "surround_scale: 1.0"),
        (("--dimensions", 4), "dimensions is 4"),
        (("--saturation", 1), "saturation is 1 root mean squares"),
        (("--ideal", "--periodic"), "--periodic and --ideal: an option of patterns, but none grow"),
        (("--dimensions", 1, "--saturation", 2), "--saturation: an option of patterns"),
        (("--dimensions", 3, "--code", "gaussian", "--saturation", 2), "--saturation: an option"),
        (("--cells", 100), "--cells: an option of patterns, but none grow"),
        (("--seed", 0), "--seed: an option of patterns, but none grow"),
        (("--force",), "--force has no effect without --out"),
        (("--cells", 100, "--ideal", "--patterns"), "--cells 100 has no effect with --ideal"),
        (("--periodic", "--ideal", "--patterns"), "--periodic has no effect with --ideal"),
        (("--dimensions", 3, "--place-cell-rf", 0.01, "--patterns"), "too narrow"),
        (("--box", 0), "box is 0 m"),
        (("--cells", 2), "Np: 2"),
        (("--out", "theory.pdf"), "no .png file"),
        (("--place-cell-rf", 1e-4, "--out", "theory.png"), "too narrow"),
    ],
)
def test_bad_input_is_one_message_and_exit_code_2(arguments, said):
    result = in_process(*arguments)
    assert result.returncode == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_json_says_the_same():
    told = json.loads(called("--json", "--surround-convention", "variance", "--box", 3).stdout)
    assert told["ratio"] == pytest.approx(2**0.5)
    assert told["cycles_per_box"] == pytest.approx(told["wavenumber_rad_m"] * 3 / 6.283185307)
    assert told["modes"][0]["n"] == [4.0, 2.0]  # of 4.47, nearer to 4.68 than (4, 3) of 5
    gaussian = json.loads(called("--json", "--code", "gaussian").stdout)
    assert gaussian["wavenumber_rad_m"] is None


def test_it_grows_patterns_on_a_line_and_says_their_periods():
    result = called("--dimensions", 1, "--place-cell-rf", 0.06, "--patterns")
    assert result.exit_code == 0, result.output
    (linear,) = (line for line in result.stdout.splitlines() if line.startswith("linear"))
    assert "row 64 of 64 (period " in linear
    period = float(linear.split("period ")[1].split(" cm")[0])
    assert period == pytest.approx(39.2, rel=0.1)  # walls, and one layout
    assert "nonnegative   row" in result.stdout


def test_a_volume_has_the_gains_of_lattices():
    printed = called("--dimensions", 3).stdout
    assert "bcc up to 0.049, columns up to 1.9, then lamellae" in printed
    told = json.loads(called("--dimensions", 3, "--json").stdout)
    gains = told["lattice_gains"]
    assert set(gains) == {"bcc", "fcc", "hcp", "sc", "columns", "lamellae"}
    assert max(gains, key=gains.get) in ("bcc", "fcc", "hcp")
    assert "patterns" not in told
    assert "lattice_gains" not in json.loads(called("--json").stdout)


@pytest.mark.slow
def test_patterns_of_a_volume_have_classes_p_values_and_a_figure(tmp_path):
    out = tmp_path / "volume.png"
    size = ("--place-cell-rf", 0.25, "--ideal")
    result = called("--dimensions", 3, *size, "--json", "--out", out)
    assert result.exit_code == 0, result.output
    assert out.read_bytes().startswith(b"\x89PNG")
    for patterns in json.loads(result.stdout)["patterns"].values():
        assert len(patterns["lattice"]) == len(patterns["p_value"]) == 8
        for lattice, period in zip(patterns["lattice"], patterns["period_m"], strict=True):
            assert (period is None) == (lattice == "none")


def test_it_warns_where_too_few_waves_fit():
    assert "NO: fewer than 2.5 wavelengths" in called("--place-cell-rf", 0.2).stdout
    assert "NO" not in called("--place-cell-rf", 0.2, "--box", 3.3).stdout


@pytest.mark.slow
def test_it_draws_a_figure_and_writes_over_nothing(tmp_path):
    out = tmp_path / "theory.png"
    result = called("--dimensions", 1, "--out", out)
    assert result.exit_code == 0, result.output
    assert out.read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in out.with_suffix(".svg").read_bytes()
    written = out.stat().st_mtime_ns
    refused = called("--dimensions", 1, "--out", out)
    assert isinstance(refused.exception, GridjaxError)
    assert "--force" in str(refused.exception)
    assert out.stat().st_mtime_ns == written
    assert called("--dimensions", 1, "--out", out, "--force").exit_code == 0
    assert out.stat().st_mtime_ns > written


@pytest.mark.parametrize("name", ["nowhere/theory.png", "theory", ".png", "a\nb.png"])
def test_figures_that_cannot_be_written_are_refused_before_anything_is_drawn(tmp_path, name):
    refused = called("--out", f"{tmp_path}/{name}")
    assert isinstance(refused.exception, GridjaxError)
    assert list(tmp_path.iterdir()) == []
