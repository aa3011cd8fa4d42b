"""The command `gridjax score`: what it prints, what it writes, and what it refuses beforehand."""

import json
import os
import sys
import warnings

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import gridjax as gj
from gridjax import cli

from .sessions import ideal_map, recording, save_npz


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scored")
    save_npz(folder / "rat.npz", *recording())
    return folder


@pytest.fixture
def score(folder, monkeypatch, capsys):
    """Run the command; return its exit code, what it printed and what it complained of."""

    def run(*arguments):
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["gridjax", "score", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            cli.main()
        printed = capsys.readouterr()
        return left.value.code, printed.out, printed.err

    return run


def test_the_command_writes_a_table_and_a_gallery(folder, score):
    code, printed, complaint = score(
        "rat.npz", "--bins", 20, "--shuffles", 19, "--out", "s.parquet"
    )
    assert (code, complaint) == (0, "")
    assert "square arena of 100 by 100 cm; 12,000 samples, 600.0 s tracked; 3 cells" in printed
    assert "null, all cells pooled (time shifts, 57 draws): 95 % below" in printed
    # each cell's p and its own 95th and 99th percentile, on the terminal too
    heads = next(line for line in printed.splitlines() if "95 %" in line)
    assert heads.split()[-4:] == ["95", "%", "99", "%"]
    found = pd.read_parquet(folder / "s.parquet")
    assert found["cell"].tolist() == ["grid", "silent", "anywhere"]
    about = json.loads(pq.read_schema(folder / "s.parquet").metadata[b"gridjax"])
    assert about["options"]["shuffles"] == 19
    pooled = about["pooled_95_99"]["time shifts"]
    np.testing.assert_allclose(pooled, found[["pooled_95", "pooled_99"]].iloc[0])
    assert (folder / "s.png").stat().st_size > 10_000
    assert "<svg" in (folder / "s.svg").read_text()

    before = (folder / "s.parquet").read_bytes()
    code, printed, complaint = score("rat.npz", "--bins", 20, "--out", "s.parquet")
    assert code == 2
    assert "--force" in complaint
    assert printed == ""
    assert (folder / "s.parquet").read_bytes() == before
    code, *_ = score("rat.npz", "--bins", 20, "--out", "s.parquet", "--force")
    assert code == 0
    assert pd.read_parquet(folder / "s.parquet")["p_value"].isna().all()
    for file in folder.glob("s.*"):
        file.unlink()


def test_many_cells_are_cut_short_with_a_note(folder, score):
    maps = np.random.default_rng(0).normal(size=(40, 20, 20))
    np.save(folder / "many.npy", maps)
    code, printed, _ = score("many.npy")
    assert code == 0
    assert "the best 30 of 40 cells" in printed
    scores = gj.grid_score(maps).score_60
    shown = [line.split()[0] for line in printed.splitlines() if line.strip()[:1].isdigit()]
    assert shown == [str(cell) for cell in np.argsort(-scores, kind="stable")[:30]]


BAD = [
    (("--shuffles", -1), "--shuffles is -1"),
    (("--shuffles", 9, "--min-shift", 400), "too short for shifts of 400 s"),
    (("--bins", 7), "--bins is 7"),
    (("--bins", 20, "--bin-cm", 5), "--bins and --bin-cm exclude each other"),
    (("--bin-cm", 0.3), "334 bins of 0.3 cm"),
    (("--bin-cm", "nan"), "--bin-cm is nan"),
    (("--smooth-cm", -1), "--smooth-cm is -1"),
    (("--min-speed", 900), "no sample is as fast as 900 cm/s"),
    (("--units", "cm"), "give their unit: --units m"),
    (("--units", "inch"), "inch"),
    (("--rings", "wide"), "wide"),
    (("--seed", -1), "--seed is -1"),
    (("--width-cm", 0), "--width-cm is 0"),
    (("--out", "s.csv"), "s.csv is no .parquet file"),
    (("--out", "nowhere/s.parquet"), "no folder nowhere"),
    (("--out", "/proc/s.parquet"), "--out /proc/s.parquet cannot be written"),
    (("--out", "rat.npz/s.parquet"), "no folder rat.npz"),
    (("--out", "d.parquet"), "would overwrite d.parquet"),
    (("--out", "d.parquet", "--force"), "would overwrite d.parquet"),
    (("--out", "taken.parquet"), "would overwrite taken.svg"),
    (("--out", "x" * 250 + ".parquet"), "the name is too long"),
    (("--out", "a/" * 3000 + "s.parquet"), "cannot be written"),
    (("--out", "two\nlines.parquet"), "the name holds control characters"),
    (("--out", os.fsdecode(b"bad\xff.parquet")), "the name is not UTF-8 text"),
    (("--out", ""), "is no .parquet file"),
    ((os.fsdecode(b"bad\xff.npy"), "--out", "s.parquet"), "no such file"),
    (("--shuffles", 9, "--min-shift", "nan"), "--min-shift is nan"),
    (("--smooth-cm", "nan"), "--smooth-cm is nan"),
    (("--min-speed", "nan"), "--min-speed is nan"),
    (("--bin-cm", "inf"), "--bin-cm is inf"),
    (("rat*.mat",), "rat*.mat: no such file"),
]


@pytest.mark.parametrize(("arguments", "words"), BAD)
def test_bad_calls_end_in_one_message_and_write_nothing(folder, score, arguments, words):
    (folder / "d.parquet").mkdir(exist_ok=True)
    (folder / "taken.svg").touch()
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    code, printed, complaint = score("rat.npz", *arguments)
    assert code == 2
    assert printed == ""
    assert words in complaint
    assert "Traceback" not in complaint
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_a_name_that_is_no_utf8_is_refused_before_scoring(folder, score):
    name = os.fsdecode(b"bad\xff.npy")
    np.save(folder / "bad.npy", np.zeros((9, 9)))
    (folder / "bad.npy").rename(folder / name)
    code, printed, complaint = score(name, "--out", "s.parquet")
    (folder / name).unlink()
    assert (code, printed) == (2, "")
    assert "the name is not UTF-8 text" in complaint
    assert not list(folder.glob("s.*"))


@pytest.mark.slow
def test_maps_of_every_scale_are_scored_drawn_and_written(folder, score):
    rate = ideal_map(20, 7, noise=0.3)
    maps = [scale * rate for scale in (1e-300, 1e-25, 1.0, 1e30, 1e300)]
    nothing = [np.zeros((20, 20)), np.full((20, 20), np.nan), np.full((20, 20), np.inf)]
    np.save(folder / "scales.npy", np.stack([*maps, np.sign(rate - 0.1) * 1.7e308, *nothing]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        code, _, complaint = score("scales.npy", "--shuffles", 19, "--out", "scales.parquet")
    assert (code, complaint) == (0, "")
    found = pd.read_parquet(folder / "scales.parquet")
    for file in folder.glob("scales.*"):
        file.unlink()
    np.testing.assert_allclose(found["score_60"][:5], found["score_60"][2], atol=1e-5)
    np.testing.assert_allclose(found["period_bins"][:5], found["period_bins"][2], rtol=1e-3)
    assert (found["p_value"][:5] == 1 / 20).all()
    np.testing.assert_allclose(found["mean_rate"][3] / found["mean_rate"][2], 1e30)
    assert found["score_60"].notna().all()
    assert (found["score_60"][6:] == 0).all()
    assert found["period_bins"][6:].isna().all()
    assert (found["p_value"][6:] == 1).all()
