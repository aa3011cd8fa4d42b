"""Claims files: what is read, and every mistake located."""

import hashlib
import math

import pytest

from gridjax.claims.claim import read_claims
from gridjax.errors import GridjaxError

GOOD = """\
title: A title
question: A question?
caution: small
claims:
  more:
    claim: There are more.
    published: 5 %
    estimand: a difference
    test: sign flips
    null: no difference
    role: primary
    unit: percent
    holds: {above: 0.01}
  alike:
    claim: They are alike.
    published: not tested
    estimand: a ratio
    test: none
    null: one
    role: secondary
    unit: number
    holds: {between: [0.9, 1.1]}
"""


@pytest.fixture
def claims_of(tmp_path):
    def read(text):
        path = tmp_path / "claims.yaml"
        path.write_text(text)
        return read_claims(path)

    return read


def test_a_file_is_read_with_its_hash(claims_of):
    found = claims_of(GOOD)
    more, alike = found.claims
    assert (found.title, found.caution) == ("A title", "small")
    assert (more.name, more.role, more.low, more.high) == ("more", "primary", 0.01, math.inf)
    assert (alike.low, alike.high, alike.unit) == (0.9, 1.1, "number")
    assert found.sha256 == hashlib.sha256(GOOD.encode()).hexdigest()
    assert claims_of(GOOD.replace("small", "tiny")).sha256 != found.sha256


def test_values_are_shown_in_the_claims_unit(claims_of):
    more, alike = claims_of(GOOD).claims
    assert more.region == "above 1 %"
    assert alike.region == "between 0.9 and 1.1"
    assert more.shown(-0.0123) == "−1.23 %"
    assert more.shown(math.nan) == "–"
    assert alike.shown(-math.inf) == "−∞"
    assert alike.shown(12345.6) == "12346"


@pytest.mark.parametrize(
    ("old", "new", "message", "place"),
    [
        ("title: A title\n", "", "title is missing", ":1:1"),
        ("title: A title", "titel: A title", "unknown key 'titel' of a claims file", ":1:1"),
        ("claim: There are more.", "claim: 3", "claim: 3 is no text", ":6:12"),
        ("role: primary", "role: first", "role: 'first' is unknown", ":11:11"),
        ("unit: percent", "unit: inches", "unit: 'inches' is unknown", ":12:11"),
        ("{above: 0.01}", "{over: 0.01}", "is no region of values", ":13:12"),
        ("{above: 0.01}", "{above: much}", "above: 'much' bounds nothing", ":13:12"),
        ("{above: 0.01}", "{above: true}", "above: True bounds nothing", ":13:12"),
        ("[0.9, 1.1]", "[1.1, 0.9]", "between: [1.1, 0.9] bounds nothing", ":22:12"),
        ("[0.9, 1.1]", "[0.9]", "between: [0.9] bounds nothing", ":22:12"),
        ("    null: one\n", "", "null is missing", ":15:5"),
        ("role: primary", "role: secondary", "no claim is primary", ":1:1"),
    ],
)
def test_a_mistake_is_located(claims_of, old, new, message, place):
    assert old in GOOD
    with pytest.raises(GridjaxError) as caught:
        claims_of(GOOD.replace(old, new))
    found = [(str(p.message), str(p.place)) for p in caught.value.problems]
    assert [m for m, where in found if message in m and where.endswith(place)], found


def test_all_mistakes_come_at_once(claims_of):
    text = GOOD.replace("role: primary", "role: first").replace("unit: number", "unit: inches")
    with pytest.raises(GridjaxError) as caught:
        claims_of(text)
    assert len(caught.value.problems) >= 2


@pytest.mark.parametrize("text", ["title: x\n", "[]\n", "claims: {}\n", "claims: 3\n"])
def test_a_file_without_claims_is_refused(claims_of, text):
    with pytest.raises(GridjaxError):
        claims_of(text)
