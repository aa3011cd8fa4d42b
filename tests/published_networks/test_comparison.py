"""The comparison with published networks of Xu et al. (2025): tables, claims and the figure."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import REFERENCE
from published_networks.piso_networks import table_of

import gridjax as gj
from experiments.piso_reproduction import __main__ as commands
from experiments.piso_reproduction.comparison import SHARE, by_setting, claims, read_tables
from experiments.piso_reproduction.figure import draw
from experiments.piso_reproduction.networks import SETTINGS
from gridjax import plotting


def test_the_shipped_tables_give_the_shipped_verdict():
    folder = Path(__file__).parents[2] / "experiments" / "results" / "piso"
    ours = read_tables(sorted(folder.glob("seeds-*.csv")), ("rho", "size", "seed"))
    assert len(ours) == 13 * 64
    published = REFERENCE.parent / "piso_networks.csv"
    if not published.exists():
        pytest.skip("the published table is not there")
    found = claims(by_setting(read_tables([published], ()), ours))
    assert all(holds for _, holds in found.values())
    page = (folder / "README.md").read_text()
    (n_shares, _), (order, _), (n_spacings, _) = found.values()
    for told in (f"{n_shares} of 13 settings", f"{order:.3f}"[1:], f"{n_spacings} of 13 settings"):
        assert f"| {told} |" in page


def test_the_claims_about_published_networks_can_hold_and_fail():
    table = by_setting(table_of(60), table_of(64, seed=1))
    assert len(table) == 13
    assert {name: holds for name, (_, holds) in claims(table).items()} == {
        "shares_agree": True,
        "order_agrees": True,
        "spacing_agrees": True,
    }
    higher = claims(by_setting(table_of(60), table_of(64, rise=0.1, seed=1)))
    assert not higher["shares_agree"][1]
    assert higher["order_agrees"][1]
    reverse = table_of(64, seed=1)
    reverse[SHARE] = 1 - reverse[SHARE]
    reverse["mean_spacing_grid_like"] *= 1.03
    found = claims(by_setting(table_of(60), reverse))
    assert found["order_agrees"][0] == pytest.approx(-1)
    assert not any(holds for _, holds in found.values())


def written(tmp_path, **tables):
    paths = {name: tmp_path / f"{name}.csv" for name in tables}
    for name, table in tables.items():
        table.to_csv(paths[name], index=False)
    return {name: str(path) for name, path in paths.items()}


def test_there_is_no_verdict_before_the_last_network(tmp_path, capsys):
    ours = table_of(64, seed=1)
    of = written(tmp_path, published=table_of(60), first=ours.iloc[:400], rest=ours.iloc[400:-1])
    assert commands.main(["verdict", *of.values()]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "no verdict: 63 networks of rho 1.5, size 0.84; expected 64" in said.err
    assert commands.main(["compare", *of.values()]) == 0
    assert "holds" not in capsys.readouterr().out
    rest = ours.iloc[400:].copy()
    rest.iloc[-1, rest.columns.get_loc(SHARE)] = np.nan  # a network without active units
    rest.to_csv(of["rest"], index=False)
    assert commands.main(["verdict", *of.values()]) == 0
    assert capsys.readouterr().out.count("holds") == 3


def test_a_table_given_twice_does_not_count_twice(tmp_path):
    of = written(tmp_path, ours=table_of(33), other=pd.DataFrame({"rho": [0.8]}))
    with pytest.raises(gj.GridjaxError, match="two rows of one network"):
        read_tables([of["ours"], of["ours"]], ("rho", "size", "seed"))
    with pytest.raises(gj.GridjaxError, match="no column seed, share_grid_like_in_active, size"):
        read_tables([of["other"]], ("rho", "size", "seed"))
    with pytest.raises(gj.GridjaxError, match="no table"):
        read_tables([tmp_path / "none.csv"], ())


def test_networks_without_grid_like_units_have_no_spacing():
    published = table_of(60)
    published.loc[::7, "mean_spacing_grid_like"] = 0.0
    table = by_setting(published, table_of(64, seed=1))
    np.testing.assert_allclose(table["spacing_ratio"], 1, atol=0.01)


def test_the_figure_shows_means_intervals_numbers_and_maps(tmp_path):
    rng = np.random.default_rng(0)
    null = table_of(16).assign(null="shuffled_layers", network=np.tile(np.arange(4), 13 * 4))
    untrained = pd.DataFrame(
        {"rho": np.nan, "size": np.nan, "null": "untrained", "seed": range(16), SHARE: 16 * [0.0]}
    )
    maps = {
        "maps": rng.random((13, 64, 64)).astype(np.float16),
        "rho": np.array([one[0] for one in SETTINGS]),
        "size": np.array([one[1] for one in SETTINGS]),
        "gridness": rng.random(13),
    }
    of_nulls = pd.concat([null, untrained])
    with plotting.styled():
        result = draw(table_of(60), table_of(16, seed=1), of_nulls, maps)
        plotting.save(result, tmp_path)
    drawn = (tmp_path / "piso.svg").read_text()
    for text in ("gridjax, n = 16", "published, n = 60", "shuffled layers, n = 4", "n = 16"):
        assert text in drawn
    assert "No verdict: it needs 64" in result.caption
    with plotting.styled():
        assert "No verdict" not in draw(table_of(60), table_of(64), None, None).caption
