"""Reader of the search space of a parameter: listed values, or a distribution.

As in W&B, each distribution has its own keys. If a parameter does not name its distribution, the
keys determine the distribution.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from gridjax.errors import Place, Problem
from gridjax.io.source_location import MAX_VALUES, Problems, SourcedValue
from gridjax.io.text import did_you_mean, show
from gridjax.sweep.search.distribution_keys import (
    SampledParameter,
    read_number,
    read_sampled_parameter,
)
from gridjax.sweep.search.distributions import DISTRIBUTIONS, grid_values, n_grid_values

_KEYS = ("distribution", *dict.fromkeys(key for keys in DISTRIBUTIONS.values() for key in keys.all))
_SUM_TOLERANCE = 1e-6


class TruncatedRange(NamedTuple):
    """The values of a range that a grid does not list because there are too many."""

    n_omitted: int
    problem: Problem
    """the error to report if all points of the grid are wanted"""


class ListedValues(NamedTuple):
    """Listed values and their probabilities; ``probabilities`` None means equally likely values."""

    items: list[SourcedValue]
    probabilities: tuple[float, ...] | None = None
    truncated: TruncatedRange | None = None


class GridBudget(NamedTuple):
    """Limits on the number of values of a range that are listed in a grid."""

    n_values: int
    """number of values that the file can still contain; a range of at most this length is listed
    completely"""
    n_needed: int
    """number of listed values of a longer range; the wanted grid points use only these values"""


def read_parameter(
    name: str, item: SourcedValue, budget: GridBudget | None, problems: Problems
) -> ListedValues | SampledParameter | None:
    """Return the search space that the mapping under the name of a parameter describes.

    A grid lists its values within ``budget``, which is None for random draws. Errors are added to
    ``problems``, and the result is then None.
    """
    own = Problems()
    space = _read(name, item, budget, own)
    problems.take(own)
    return None if own.found else space


def _read(
    name: str, item: SourcedValue, budget: GridBudget | None, problems: Problems
) -> ListedValues | SampledParameter | None:
    how = f"write {name}: {{values: [...]}} or {name}: {{value: ...}}"
    if not isinstance(item.value, dict):
        problems.add(f"{name}: {show(item.plain())} has neither values nor value", item.place, how)
        return None
    given = _known_keys(name, item.value, problems)
    if problems.found:
        return None
    kind = _kind(name, item, given, how, problems)
    if kind is None:
        return None
    _check_keys(name, item.place, kind, given, problems)
    if problems.found:
        return None
    if DISTRIBUTIONS[kind].make is None:
        space = _listed(name, given, how, problems)
    else:
        space = read_sampled_parameter(name, item.place, kind, given, problems)
    if budget is not None and space is not None and not problems.found:
        return _of_grid(name, kind, given, space, budget, problems)
    return space


def _known_keys(
    name: str, content: dict[str, SourcedValue], problems: Problems
) -> dict[str, SourcedValue]:
    for key, inner in content.items():
        if key not in _KEYS:
            fix = did_you_mean(key, _KEYS) or f"the keys are {', '.join(_KEYS)}"
            problems.add(f"{name}: unknown key {show(key)}", inner.name_place, fix)
    return {key: inner for key, inner in content.items() if key in _KEYS}


def _kind(
    name: str, item: SourcedValue, given: dict[str, SourcedValue], how: str, problems: Problems
) -> str | None:
    """Return the name of the distribution, which is given or follows from the other keys."""
    if "distribution" in given:
        named = given["distribution"]
        if isinstance(named.value, str) and named.value in DISTRIBUTIONS:
            return named.value
        known = ", ".join(DISTRIBUTIONS)
        fix = did_you_mean(named.value, DISTRIBUTIONS) or f"the distributions are {known}"
        message = f"{name}: distribution: {show(named.plain())} is unknown"
        problems.add(message, named.place, fix)
    elif "values" in given and "value" in given:
        problems.add(f"{name} has both values and value", given["value"].name_place, how)
    elif "value" in given:
        return "constant"
    elif "values" in given:
        return "categorical_w_probabilities" if "probabilities" in given else "categorical"
    elif "min" in given or "max" in given:
        ends = [read_number(given[key].value) for key in ("min", "max") if key in given]
        return "int_uniform" if all(isinstance(end, int) for end in ends) else "uniform"
    elif given:
        first = next(iter(given))
        takers = [kind for kind, keys in DISTRIBUTIONS.items() if first in keys.all]
        message = f"{name} has {first} but neither values nor a distribution"
        problems.add(message, given[first].name_place, f"add distribution: {' or '.join(takers)}")
    else:
        problems.add(f"{name}: {{}} has neither values nor value", item.place, how)
    return None


def _check_keys(
    name: str, place: Place, kind: str, given: dict[str, SourcedValue], problems: Problems
) -> None:
    keys = DISTRIBUTIONS[kind]
    known = keys.all
    for key, inner in given.items():
        if key not in known and key != "distribution":
            fix = f"{kind} takes {' and '.join(known)}"
            if (kind, key) == ("categorical", "probabilities"):
                fix = "did you mean distribution: categorical_w_probabilities?"
            elif key == "q" and "min" in given:
                fix = f"did you mean distribution: q_{kind.removeprefix('int_')}?"
            problems.add(f"{name}: {kind} takes no {key}", inner.name_place, fix)
    missing = [key for key in keys.required if key not in given]
    if missing:
        message = f"{name}: {kind} without {' and '.join(missing)}"
        problems.add(message, place, f"add {' and '.join(f'{key}:' for key in missing)}")


def _listed(
    name: str, given: dict[str, SourcedValue], how: str, problems: Problems
) -> ListedValues | None:
    if "value" in given:
        return ListedValues([given["value"]])
    values = given["values"]
    if not isinstance(values.value, list):
        message = f"{name}: values: {show(values.plain())} is not a list"
        problems.add(message, values.place, how)
        return None
    if not values.value:
        problems.add(f"{name}: values: [] is empty", values.place, "give at least one value")
        return None
    if "probabilities" not in given:
        return ListedValues(values.value)
    return ListedValues(
        values.value, _probabilities(name, values, given["probabilities"], problems)
    )


def _probabilities(
    name: str, values: SourcedValue, written: SourcedValue, problems: Problems
) -> tuple[float, ...]:
    if not isinstance(written.value, list):
        message = f"{name}: probabilities: {show(written.plain())} is not a list"
        problems.add(message, written.place, "give one probability for each value")
        return ()
    if len(written.value) != len(values.value):
        message = f"{name}: {len(written.value)} probabilities of {len(values.value)} values"
        problems.add(message, written.place, "give one probability for each value")
        return ()
    numbers = []
    for item in written.value:
        number = read_number(item.value)
        if number is None or number < 0:
            message = f"{name}: {show(item.plain())} is not a probability"
            problems.add(message, item.place, "give a number of at least 0")
        else:
            numbers.append(float(number))
    total = math.fsum(numbers)
    if len(numbers) == len(written.value) and abs(total - 1) > _SUM_TOLERANCE:
        message = f"{name}: the probabilities add up to {total:.9g}, not 1"
        fix = f"divide each by {total:.9g}" if total > 0 else "give probabilities that add up to 1"
        problems.add(message, written.place, fix)
    return tuple(numbers)


def _of_grid(
    name: str,
    kind: str,
    given: dict[str, SourcedValue],
    space: ListedValues | SampledParameter,
    budget: GridBudget,
    problems: Problems,
) -> ListedValues | None:
    """Return the values of a parameter in a grid."""
    if isinstance(space, ListedValues):
        if space.probabilities is None:
            return space
        message = f"{name}: probabilities cannot be used in a grid: it takes every value once"
        fix = "remove probabilities, or use method: random"
        problems.add(message, given["probabilities"].name_place, fix)
        return None
    where = given["distribution" if "distribution" in given else "min"]
    number = n_grid_values(space.distribution)
    if number is None:
        message = f"{name}: {kind} cannot be used in a grid: it has no list of values"
        fix = "use method: random, or give values: [...], int_uniform or q_uniform"
        problems.add(message, where.name_place, fix)
    elif number == 0:
        message = f"{name}: {kind} with min equal to max has no value in a grid"
        problems.add(message, where.name_place, f"write {name}: {{value: ...}}")
    else:
        is_whole = number <= budget.n_values
        n_listed = number if is_whole else max(1, min(budget))
        items = [
            SourcedValue(each, space.place) for each in grid_values(space.distribution, n_listed)
        ]
        if is_whole:
            return ListedValues(items)
        message = f"{name}: {kind} has {number} values in a grid, more than {MAX_VALUES}"
        if number <= MAX_VALUES:
            message += " together with those of other ranges"
        fix = "give a shorter range, or take the first N networks by --networks N (Python: first=N)"
        return ListedValues(
            items,
            truncated=TruncatedRange(number - n_listed, Problem(message, where.name_place, fix)),
        )
    return None
