"""Comparison of tables by setting, and the test of the criterion."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

import gridjax as gj

from .networks import CRITERION, SETTINGS

SHARE, SPACING = "share_grid_like_in_active", "mean_spacing_grid_like"


def read_tables(paths: Sequence[Path], keys: Sequence[str]) -> pd.DataFrame:
    """Return the rows of several tables.

    Args:
        paths: files of the tables.
        keys: columns that tell rows apart; none for a table whose rows need no name.

    Raises GridjaxError for a file that does not exist or lacks a column, and for a row given twice.
    """
    tables = []
    for path in paths:
        try:
            table = pd.read_csv(path)
        except (OSError, ValueError) as error:
            raise refusal(f"{path}: no table ({error})", "give a CSV file of this script") from None
        if missing := {*keys, "rho", "size", SHARE} - set(table):
            what = f"{path}: no column {', '.join(sorted(missing))}"
            raise refusal(what, "give a table that this script wrote, or the published one")
        tables.append(table)
    rows = pd.concat(tables, ignore_index=True)
    if keys and (twice := rows.duplicated(list(keys))).any():
        row = rows.loc[twice, list(keys)].iloc[0].to_dict()
        raise refusal(f"two rows of one network: {row}", "give each table once")
    return rows


def refusal(message: str, fix: str) -> gj.GridjaxError:
    """Return the error for invalid input."""
    return gj.GridjaxError(gj.Problem(message, fix=fix))


def check_numbers(found: dict[str, int], needed: int) -> None:
    """Raise GridjaxError unless every group of networks has the number that a verdict needs."""
    if few := {name: n for name, n in found.items() if n < needed}:
        name, n = min(few.items(), key=lambda one: one[1])
        what = (
            f"no verdict: {n} networks of {name}; expected {needed} ({len(few)} groups have fewer)"
        )
        raise refusal(
            what, "train, score and give the other parts; `compare` shows the means so far"
        )


def of_setting(table: pd.DataFrame, rho: float, size: float) -> pd.DataFrame:
    """Return the rows of a table that belong to a setting."""
    return table[np.isclose(table["rho"], rho) & np.isclose(table["size"], size)]


def by_setting(published: pd.DataFrame, ours: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each setting: number, mean share, its standard error and spacing of both.

    ``n`` is the number of networks with active units; the others have no share. ``z`` is the
    difference of the shares over the standard error of the difference.
    """
    rows = []
    for rho, size in SETTINGS:
        row: dict[str, float] = {"rho": rho, "size": size}
        for name, table in (("published", published), ("ours", ours)):
            one = of_setting(table, rho, size)
            share = one[SHARE].dropna()
            row[f"networks_{name}"], row[f"n_{name}"] = len(one), len(share)
            row[f"share_{name}"] = share.mean()
            row[f"se_{name}"] = share.std(ddof=1) / np.sqrt(len(share))
            # The published table has 0 for a network without grid-like units.
            row[f"spacing_{name}"] = one[SPACING][one[SPACING] > 0].mean()
        rows.append(row)
    table = pd.DataFrame(rows)
    error = np.hypot(table["se_published"], table["se_ours"])
    table["z"] = (table["share_ours"] - table["share_published"]) / error
    table["spacing_ratio"] = table["spacing_ours"] / table["spacing_published"]
    return table


def claims(table: pd.DataFrame) -> dict[str, tuple[float, bool]]:
    """Return the value of each claim of criterion.yaml and whether it holds.

    Args:
        table: the result of ``by_setting``.

    Raises GridjaxError if a setting has too few networks for a verdict.
    """
    check_numbers(
        {
            f"rho {rho:g}, size {size:g}": int(n)
            for rho, size, n in table[["rho", "size", "networks_ours"]].to_numpy(float)
        },
        CRITERION["networks_of_each_setting"],
    )
    at_rho = table[table["rho"] == SETTINGS[0][0]]
    order = float(at_rho["share_published"].corr(at_rho["share_ours"], method="spearman"))
    holds = {name: claim["holds"] for name, claim in CRITERION["claims"].items()}
    n_shares = int((table["z"].abs() <= 2).sum())
    spacing = holds["spacing_agrees"]
    n_spacings = int(((table["spacing_ratio"] - 1).abs() <= spacing["largest_difference"]).sum())
    return {
        "shares_agree": (n_shares, n_shares >= holds["shares_agree"]["settings_at_least"]),
        "order_agrees": (order, order >= holds["order_agrees"]["at_least"]),
        "spacing_agrees": (n_spacings, n_spacings >= spacing["settings_at_least"]),
    }
