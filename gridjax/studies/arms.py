"""Arms of claims: the groups of networks that a claim compares, and how many are competent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gridjax.errors import GridjaxError, Place, Problem
from gridjax.io.numbers import percent
from gridjax.run.evaluation.evaluation import DIVERGED
from gridjax.studies.competence import FEWEST_COMPETENT, LEAST_SHARE, MOST_DIVERGED

if TYPE_CHECKING:
    import pandas as pd

ARMS = "arms"
"""Key of the arguments that an analysis selects for a claim: the rows of each arm by its name."""
UNANSWERABLE = "unanswerable"
"""Key of the arguments: why networks of this size cannot answer the claim; empty if they can."""
ALL_NETWORKS = "all networks"
"""Name of the only arm of a claim about one group of networks."""


@dataclass(frozen=True)
class Arm:
    """One arm: its finished networks, including diverged ones, and the competent ones of them."""

    name: str
    run_ids: frozenset[str]
    competent: frozenset[str]
    diverged: frozenset[str] = frozenset()

    @property
    def share(self) -> float:
        """The share of competent networks; NaN without networks."""
        return len(self.competent) / len(self.run_ids) if self.run_ids else float("nan")

    @property
    def shortage(self) -> str:
        """Reason why the arm allows no verdict; empty if it allows one or has no network."""
        if not self.run_ids:
            return ""
        if len(self.competent) < FEWEST_COMPETENT:
            return f"fewer than {FEWEST_COMPETENT} networks are competent"
        if self.share < LEAST_SHARE:
            return f"fewer than {percent(LEAST_SHARE)} of the networks are competent"
        return ""


def divergence(arms: Iterable[Arm]) -> str:
    """Return why a claim about all networks that did not diverge allows no verdict, or "".

    Networks that diverged are no random sample of an arm: without them, the others can look better.
    """
    many = [arm for arm in arms if len(arm.diverged) > MOST_DIVERGED * len(arm.run_ids)]
    counts = "; ".join(f"{arm.name}: {len(arm.diverged)} of {len(arm.run_ids)}" for arm in many)
    return f"more than {percent(MOST_DIVERGED)} of the networks diverged ({counts})" if many else ""


def shortage(arms: Iterable[Arm]) -> str:
    """Return why the arms of a claim allow no verdict; an empty text if they allow one."""
    by_reason: dict[str, dict[str, None]] = {}
    for arm in arms:
        if reason := arm.shortage:
            share = f"{arm.name}: {len(arm.competent)} of {len(arm.run_ids)}"
            by_reason.setdefault(reason, {})[share] = None
    return "; ".join(f"{reason} ({'; '.join(shares)})" for reason, shares in by_reason.items())


def arms_of(name: str, arguments: Mapping[str, Any], place: Place) -> tuple[Arm, ...]:
    """Return the arms of a claim.

    The analysis can give them under the key ``arms``. Otherwise the arguments of the test determine
    them: two arms for ``first`` and ``second``, one arm for each value of ``dose`` or ``level``,
    and one arm with all networks for other tests.

    Args:
        name: the claim's name, for messages.
        arguments: the arguments as the analysis selected them from all finished networks.
        place: the file of the analysis, for messages.

    Raises GridjaxError if ``arms`` does not contain rows of networks by names.
    """
    given = arguments.get(ARMS)
    frames = _from_test(arguments) if given is None else given
    if not isinstance(frames, Mapping) or not all(_has_networks(one) for one in frames.values()):
        message = f"{name}: {ARMS} is not a dict of rows of networks"
        fix = 'return "arms": {"12 cm": rows, ...}, with rows of evidence.networks'
        raise GridjaxError(Problem(message, place, fix=fix))
    return tuple(_arm(str(arm), frame) for arm, frame in frames.items())


def _arm(name: str, frame: pd.DataFrame) -> Arm:
    able = frame.loc[frame["is_competent"].astype(bool), "run_id"]
    diverged = frame.loc[frame["status"] == DIVERGED, "run_id"]
    return Arm(name, frozenset(frame["run_id"]), frozenset(able), frozenset(diverged))


def _has_networks(frame: Any) -> bool:
    columns = getattr(frame, "columns", ())
    return {"run_id", "is_competent", "status"}.issubset(columns)


def _from_test(arguments: Mapping[str, Any]) -> dict[str, Any]:
    frame = arguments.get("frame", arguments.get("rows"))
    if "first" in arguments and "second" in arguments:
        return {name: frame[arguments[name]] for name in ("first", "second")}
    level = arguments.get("dose", arguments.get("level"))
    if level is None:
        return {ALL_NETWORKS: frame}
    return {f"{level} {value:g}": group for value, group in frame.groupby(level)}
