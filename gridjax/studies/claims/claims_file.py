"""Claims of a study, which are recorded before any network is trained."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gridjax.errors import Place
from gridjax.io.source_location import Problems, SourcedValue
from gridjax.io.text import did_you_mean, show
from gridjax.io.yaml_reader import read_yaml
from gridjax.studies.claims.claim_tests import CLAIM_TESTS
from gridjax.studies.competence import ALL, COMPETENT, FINISHED

CLAIMS = "claims.yaml"
ROLES = ("primary", "secondary")
ASKED_OF = (ALL, COMPETENT, FINISHED)
"""Groups of networks that a claim can be asked of."""
PERCENT = "percent"
UNITS = {PERCENT: (100.0, " %"), "cm": (1.0, " cm"), "nats": (1.0, " nats"), "number": (1.0, "")}
"""Units by name: the factor between a value and its printed number, and the text after it."""
DIFFERENCE_TESTS = ("paired_difference", "seed_contrast", "matched_difference", "slope")
NO_DIFFERENCE = "no difference"
"""Beginning of the null of a claim whose mean is that of differences."""
_OF_STUDY = ("title", "question", "caution", "version", "changes", "plugins", "claims")
_TEXTS = ("claim", "published", "estimand", "null")
_OF_CLAIM = (*_TEXTS, "test", "role", "unit", "holds", "asked_of")
_CHOICES = {"test": tuple(CLAIM_TESTS), "role": ROLES, "unit": tuple(UNITS), "asked_of": ASKED_OF}
_NAME = re.compile("[A-Za-z0-9_-]{1,100}")
_REGIONS = ("above", "below", "between")


@dataclass(frozen=True)
class Claim:
    """One claim: its estimand, its test, and the values for which it holds.

    The claim holds if the whole 95 % interval of the estimate lies between ``low`` and ``high``. If
    a primary claim is false under its null, its test must also be significant after Holm's
    correction over all such tests of the study. The claim does not hold if no part of the interval
    lies between ``low`` and ``high``. Otherwise it is undecided.
    """

    name: str
    claim: str
    """the claim in one sentence"""
    published: str
    """the published result"""
    estimand: str
    """the quantity that is estimated"""
    test: str
    """name of the test, a key of gridjax.studies.CLAIM_TESTS"""
    null: str
    """the null hypothesis in words"""
    role: str
    """primary or secondary"""
    unit: str
    """a key of UNITS: percent (the values are shares from 0 to 1), cm, nats or number"""
    low: float
    """lower end of the values for which the claim holds, in the unit of the estimate"""
    high: float
    asked_of: str = ALL
    """all, or competent: only networks that have learned to path-integrate"""

    @property
    def region(self) -> str:
        """The values for which the claim holds, in words."""
        low, high = self.shown(self.low), self.shown(self.high)
        if math.isinf(self.high):
            return f"above {low}"
        return f"below {high}" if math.isinf(self.low) else f"between {low} and {high}"

    @property
    def is_difference(self) -> bool:
        """Whether the estimate is a difference or a slope, so that its percent are points."""
        return self.test in DIFFERENCE_TESTS or self.null.startswith(NO_DIFFERENCE)

    def shown(self, value: float) -> str:
        """Return a value as text in the claim's unit, with three digits.

        A difference of two shares is in points: 1 point is the difference of 3 % and 2 %.
        """
        factor, unit = UNITS[self.unit]
        if math.isnan(value):
            return "–"
        if math.isinf(value):
            return "∞" if value > 0 else "−∞"
        value = (
            round(value * factor, 9) + 0.0
        )  # removes rounding errors of sums, and the sign of -0
        written = f"{value:.0f}" if abs(value) >= 999.5 else f"{value:.3g}"
        if self.unit == PERCENT and self.is_difference:
            unit = " point" if written in ("1", "-1") else " points"
        return f"{written}{unit}".replace("-", "−")


@dataclass(frozen=True)
class Claims:
    """The claims file of a study."""

    title: str
    question: str
    caution: str
    """the limits of results at small sizes"""
    claims: tuple[Claim, ...]
    version: int
    """1 for the claims as first recorded, one more after every change"""
    changes: str
    """what the versions after the first changed; empty in version 1"""
    sha256: str
    """sha256 of the file; the manifest of a run records it before training"""
    plugins: tuple[str, ...] = ()
    """Python files beside the claims that register cells, losses and so on of its networks"""


def read_claims(path: Path) -> Claims:
    """Read a claims file.

    Raises GridjaxError with every problem in the file and its place.
    """
    problems = Problems()
    document, text = read_yaml(path, problems, "a study's title, question, caution and claims")
    digest = hashlib.sha256(text.encode()).hexdigest()
    found = None if document is None else _study(document, digest, problems)
    problems.raise_any()
    assert found is not None
    return found


def _study(document: SourcedValue, sha256: str, problems: Problems) -> Claims | None:
    content = _mapping(document, _OF_STUDY, "a claims file", problems)
    if content is None:
        return None
    texts = {name: _text(content, name, document.place, problems) for name in _OF_STUDY[:3]}
    items = _items(content.get("claims"), document.place, problems)
    read = [_claim(name, item, problems) for name, item in items.items()]
    claims = tuple(claim for claim in read if claim is not None)
    # checked only if all claims were read: an unreadable claim may be the primary one
    if items and len(claims) == len(items) and all(claim.role != "primary" for claim in claims):
        problems.add(
            "no claim is primary", document.place, "write role: primary in at least one claim"
        )
    version, changes = _version(content, document.place, problems)
    return Claims(
        **texts,
        claims=claims,
        version=version,
        changes=changes,
        sha256=sha256,
        plugins=_plugins(content.get("plugins"), problems),
    )


def _plugins(item: SourcedValue | None, problems: Problems) -> tuple[str, ...]:
    """Return the names of the files of plugins; add a problem for anything but a list of names."""
    names = [] if item is None else item.plain()
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        assert item is not None
        message = f"plugins: {show(names)} is not a list of files"
        problems.add(message, item.place, "write plugins: [own_cell.py]")
        return ()
    return tuple(names)


def _version(
    content: Mapping[str, SourcedValue], place: Place, problems: Problems
) -> tuple[int, str]:
    """Return the version, 1 if it is not given, and the text about its changes."""
    item, changes = content.get("version"), content.get("changes")
    version = 1 if item is None else item.plain()
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        assert item is not None
        fix = "write version: 2 after the first change"
        problems.add(f"version: {show(version)} is not a whole number from 1", item.place, fix)
        return 1, ""
    if version == 1 and changes is not None:
        fix = "write version: 2, or remove changes"
        problems.add("changes of version 1: there is no earlier version", changes.place, fix)
    if version == 1:
        return 1, ""
    return version, _text(content, "changes", item.place if item else place, problems)


def _items(
    listed: SourcedValue | None, place: Place, problems: Problems
) -> Mapping[str, SourcedValue]:
    """Return the entries under ``claims`` by name; add a problem if there are none."""
    fix = "write claims: {name: {claim: ...}}, each claim under its own name"
    if listed is None or listed.value is None or listed.value == {}:
        problems.add("the study has no claims", listed.place if listed else place, fix)
        return {}
    if not isinstance(listed.value, dict):
        problems.add(f"claims: {show(listed.plain())} is not a mapping", listed.place, fix)
        return {}
    return listed.value


def _claim(name: str, item: SourcedValue, problems: Problems) -> Claim | None:
    if not _NAME.fullmatch(name):
        fix = "use letters, digits, _ and -: it becomes the name of a file"
        problems.add(
            f"{show(name)} cannot be the name of a claim", item.name_place or item.place, fix
        )
    content = _mapping(item, _OF_CLAIM, f"the claim {show(name)}", problems)
    if content is None:
        return None
    texts = {each: _text(content, each, item.place, problems) for each in _TEXTS}
    chosen = {
        key: _choice(content, key, known, item.place, problems) for key, known in _CHOICES.items()
    }
    low, high = _region(content.get("holds"), item.place, problems)
    return Claim(name=name, **texts, **chosen, low=low, high=high)


def _region(item: SourcedValue | None, place: Place, problems: Problems) -> tuple[float, float]:
    fix = "write holds: {above: 0.01}, {below: 0.05} or {between: [0.9, 1.1]}"
    value = item.plain() if item is not None else None
    place = item.place if item is not None else place
    nothing = (-math.inf, math.inf)
    if not isinstance(value, dict) or len(value) != 1 or next(iter(value)) not in _REGIONS:
        problems.add(f"holds: {show(value)} is not a region of values", place, fix)
        return nothing
    kind, bound = next(iter(value.items()))
    ends = bound if kind == "between" and isinstance(bound, list) else [bound]
    numbers = [x for x in ends if isinstance(x, int | float) and not isinstance(x, bool)]
    right = len(numbers) == len(ends) == (2 if kind == "between" else 1)
    if not right or not all(map(math.isfinite, numbers)) or sorted(numbers) != numbers:
        problems.add(f"holds: {kind}: {show(bound)} is not a valid bound", place, fix)
        return nothing
    if kind == "above":
        return numbers[0], math.inf
    return (-math.inf, numbers[0]) if kind == "below" else (numbers[0], numbers[1])


def _mapping(
    item: SourcedValue, known: tuple[str, ...], what: str, problems: Problems
) -> Mapping[str, SourcedValue] | None:
    """Return the entries of a mapping; for any other value, add one problem and return None."""
    if not isinstance(item.value, dict):
        message = f"{what} is {show(item.plain())}, not a mapping"
        problems.add(message, item.place, f"write key: value, for {', '.join(known)}")
        return None
    for name, inner in item.value.items():
        if name not in known:
            fix = did_you_mean(name, known) or f"known are {', '.join(known)}"
            problems.add(f"unknown key {show(name)} of {what}", inner.name_place, fix)
    return item.value


def _text(content: Mapping[str, SourcedValue], name: str, place: Place, problems: Problems) -> str:
    item = content.get(name)
    if item is None:
        problems.add(f"{name} is missing", place, f"add {name}: a sentence")
        return ""
    if not isinstance(item.value, str) or not item.value.strip():
        problems.add(f"{name}: {show(item.plain())} is not a text", item.place, "write a sentence")
        return ""
    return " ".join(item.value.split())


def _choice(
    content: Mapping[str, SourcedValue],
    name: str,
    choices: tuple[str, ...],
    place: Place,
    problems: Problems,
) -> str:
    item, known = content.get(name), ", ".join(choices)
    if item is None:
        problems.add(f"{name} is missing", place, f"add {name}: one of {known}")
        return choices[0]
    value = item.plain()
    if value in choices:
        return value
    fix = did_you_mean(value, choices) if isinstance(value, str) else None
    problems.add(f"{name}: {show(value)} is unknown", item.place, fix or f"one of {known}")
    return choices[0]
