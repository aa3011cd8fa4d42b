"""Claims files: what is read, and every mistake located."""

import hashlib
import json
import math
import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from source_tree import text_of

from gridjax.errors import GridjaxError
from gridjax.studies.claims.claims_file import (
    _OF_CLAIM,
    _OF_STUDY,
    _REGIONS,
    ASKED_OF,
    ROLES,
    UNITS,
    read_claims,
)

GOOD = """\
title: A title
question: A question?
caution: small
claims:
  more:
    claim: There are more.
    published: 5 %
    estimand: a difference
    test: paired_difference
    null: no difference
    role: primary
    unit: percent
    holds: {above: 0.01}
    asked_of: competent
  alike:
    claim: They are alike.
    published: not tested
    estimand: a ratio
    test: mean_vs_null
    null: one
    role: secondary
    unit: number
    holds: {between: [0.9, 1.1]}
    asked_of: all
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
    assert more.region == "above 1 point"
    assert alike.region == "between 0.9 and 1.1"
    assert more.shown(-0.0123) == "−1.23 points"
    assert replace(more, test="share", null="none").shown(-0.0123) == "−1.23 %"
    assert replace(more, test="mean_vs_null").shown(0.34) == "34 points"  # null: no difference
    assert more.shown(math.nan) == "–"
    assert alike.shown(-math.inf) == "−∞"
    assert alike.shown(12345.6) == "12346"
    shown = [alike.shown(x) for x in (999.4, 999.6, 9.996, -1e-12)]
    assert shown == ["999", "1000", "10", "0"]


@pytest.mark.parametrize(
    ("old", "new", "message", "place"),
    [
        ("title: A title\n", "", "title is missing", ":1:1"),
        ("title: A title", "titel: A title", "unknown key 'titel' of a claims file", ":1:1"),
        ("claim: There are more.", "claim: 3", "claim: 3 is not a text", ":6:12"),
        ("role: primary", "role: first", "role: 'first' is unknown", ":11:11"),
        ("test: paired_difference", "test: sign flips", "test: 'sign flips' is unknown", ":9:11"),
        ("    test: paired_difference\n", "", "test is missing", ":6:5"),
        ("unit: percent", "unit: inches", "unit: 'inches' is unknown", ":12:11"),
        ("{above: 0.01}", "{over: 0.01}", "is not a region of values", ":13:12"),
        ("{above: 0.01}", "{above: much}", "above: 'much' is not a valid bound", ":13:12"),
        ("{above: 0.01}", "{above: true}", "above: True is not a valid bound", ":13:12"),
        ("[0.9, 1.1]", "[1.1, 0.9]", "between: [1.1, 0.9] is not a valid bound", ":23:12"),
        ("[0.9, 1.1]", "[0.9]", "between: [0.9] is not a valid bound", ":23:12"),
        ("    null: one\n", "", "null is missing", ":16:5"),
        ("role: primary", "role: [primary]", "role: ['primary'] is unknown", ":11:11"),
        ("{above: 0.01}", "{above: .inf}", "above: inf is not a valid bound", ":13:12"),
        ("{above: 0.01}", "{above: 0.01, below: 1}", "is not a region of values", ":13:12"),
        ("{above: 0.01}", "{above: [0.01]}", "above: [0.01] is not a valid bound", ":13:12"),
        ("    holds: {above: 0.01}\n", "", "holds: None is not a region of values", ":6:5"),
        (
            "    test: mean_vs_null\n",
            "    test: mean_vs_null\n    tset: none\n",
            "unknown key 'tset'",
            ":20:5",
        ),
        ("  alike:", "  more:", "'more' stands here a second time", ":15:3"),
        ("  alike:", "  a/../like:", "'a/../like' cannot be the name of a claim", ":15:3"),
        ("  alike:", "  '':", "'' cannot be the name of a claim", ":15:3"),
        ("role: primary", "role: secondary", "no claim is primary", ":1:1"),
    ],
)
def test_a_mistake_is_located(claims_of, old, new, message, place):
    assert old in GOOD
    with pytest.raises(GridjaxError) as caught:
        claims_of(GOOD.replace(old, new))
    found = [(str(p.message), str(p.place)) for p in caught.value.problems]
    assert [m for m, where in found if message in m and where.endswith(place)], found


def test_all_mistakes_come_at_once_in_the_order_of_the_file(claims_of, tmp_path):
    text = GOOD.replace("question: A question?\n", "").replace("role: primary", "role: first")
    text = text.replace("claim: They are alike.", "claim: ''").replace("unit: number", "unit: m")
    text = text.replace("{between: [0.9, 1.1]}", "{between: 0.9}") + "cautoin: x\n"
    with pytest.raises(GridjaxError) as caught:
        claims_of(text)
    found = {(p.message, str(p.place).removeprefix(f"{tmp_path}/")) for p in caught.value.problems}
    assert found == {
        ("unknown key 'cautoin' of a claims file", "claims.yaml:24:1"),
        ("question is missing", "claims.yaml:1:1"),
        ("role: 'first' is unknown", "claims.yaml:10:11"),
        ("claim: '' is not a text", "claims.yaml:15:12"),
        ("unit: 'm' is unknown", "claims.yaml:21:11"),
        ("holds: between: 0.9 is not a valid bound", "claims.yaml:22:12"),
    }
    assert all(problem.fix for problem in caught.value.problems)


def test_long_texts_become_one_line(claims_of):
    found = claims_of(GOOD.replace("claim: There are more.", "claim: >-\n      There\n      are."))
    assert found.claims[0].claim == "There are."


def test_every_key_is_documented():
    page = text_of("docs", "howto", "own-study.md")
    rows = page.partition("| key | contents |")[2].partition("\n\n")[0]
    first = " ".join(row.split("|")[1] for row in rows.strip().splitlines())
    keys = set(re.findall(r"`(\w+)`", first))
    assert keys == {*_OF_STUDY, *_OF_CLAIM} - {"claims"}
    for word in (*ROLES, *UNITS, *_REGIONS, *ASKED_OF):
        assert f"`{word}`" in rows or f"{{{word}: " in rows


MORE = GOOD[GOOD.index("  more:") : GOOD.index("  alike:")]
ALIKE = GOOD[GOOD.index("  alike:") :]
HEAD = GOOD[: GOOD.index("claims:")]


@pytest.mark.parametrize(
    "value",
    ["", "everyone", "Competent", "[competent]", "{all: competent}", "true", "3", "''", "~", "al",
     "competent networks", "[[]]", "2020-01-01", ".nan"],
)  # fmt: skip
def test_whoever_else_is_asked_is_located(claims_of, value):
    with pytest.raises(GridjaxError) as caught:
        claims_of(GOOD.replace("asked_of: competent", f"asked_of: {value}"))
    (problem,) = caught.value.problems
    assert "asked_of: " in problem.message
    assert "unknown" in problem.message
    assert re.search(r"claims\.yaml:14:1\d$", str(problem.place))
    assert "competent" in problem.fix or "all" in problem.fix


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(value=ANYTHING, key=st.sampled_from(["asked_of", "version", "changes"]))
def test_whatever_stands_there_is_read_or_located(tmp_path_factory, value, key):
    text = GOOD
    if key == "asked_of":
        text = text.replace("asked_of: competent", f"asked_of: {json.dumps(value)}")
    else:
        text = f"{key}: {json.dumps(value)}\n{text}"
    path = tmp_path_factory.getbasetemp() / "claims.yaml"
    path.write_text(text)
    found, problems = None, []
    try:
        found = read_claims(path)
    except GridjaxError as error:
        problems = error.problems
    assert (found is None) == bool(problems)
    assert all("claims.yaml:" in str(problem.place) for problem in problems)
    assert all(problem.fix for problem in problems)
    if found:
        assert found.claims[0].asked_of == (value if key == "asked_of" else "competent")
        assert found.version == 1


def test_a_claim_must_say_whom_it_asks(claims_of):
    with pytest.raises(GridjaxError) as caught:
        claims_of(GOOD.replace("    asked_of: competent\n", ""))
    (problem,) = caught.value.problems
    assert problem.message == "asked_of is missing"
    assert str(problem.place).endswith("claims.yaml:6:5")
    assert "one of all, competent" in problem.fix


def test_versions_are_read(claims_of):
    first, second = claims_of(GOOD), claims_of("version: 2\nchanges: All is new.\n" + GOOD)
    assert (first.version, first.changes) == (1, "")
    assert (second.version, second.changes) == (2, "All is new.")
    assert claims_of("version: 1\n" + GOOD).version == 1
    assert [one.asked_of for one in first.claims] == ["competent", "all"]


@pytest.mark.parametrize(
    ("head", "message", "place"),
    [
        ("version: two", "version: 'two' is not a whole number from 1", ":1:10"),
        ("version: 0", "version: 0 is not a whole number from 1", ":1:10"),
        ("version: -1", "version: -1 is not", ":1:10"),
        ("version: 2.0", "version: 2.0 is not", ":1:10"),
        ("version: true", "version: True is not", ":1:10"),
        ("version: [2]", "version: [2] is not", ":1:10"),
        ("version:", "version: None is not", ":1:9"),
        ("version: 2", "changes is missing", ":1:10"),
        ("version: 2\nchanges: 3", "changes: 3 is not a text", ":2:10"),
        ("version: 2\nchanges: ''", "changes: '' is not a text", ":2:10"),
        ("version: 1\nchanges: all", "changes of version 1", ":2:10"),
        ("changes: all", "changes of version 1", ":1:10"),
    ],
)
def test_a_wrong_version_is_located(claims_of, head, message, place):
    with pytest.raises(GridjaxError) as caught:
        claims_of(f"{head}\n{GOOD}")
    (problem,) = caught.value.problems
    assert message in problem.message
    assert str(problem.place).endswith(f"claims.yaml{place}")


@pytest.mark.parametrize(
    ("text", "message", "place", "fix"),
    [
        # a claim is not a mapping, whether the other one is primary or not
        (
            GOOD.replace(ALIKE, "  alike: 3\n"),
            "the claim 'alike' is 3, not a mapping",
            ":15:10",
            "holds",
        ),
        (
            GOOD.replace(ALIKE, "  alike: a text\n"),
            "is 'a text', not a mapping",
            ":15:10",
            "claim, ",
        ),
        (
            GOOD.replace(ALIKE, "  alike: [claim, role]\n"),
            "is ['claim', 'role'], no",
            ":15:10",
            "key",
        ),
        (
            GOOD.replace(ALIKE, "  alike:\n"),
            "the claim 'alike' is None, not a mapping",
            ":15:9",
            "key",
        ),
        (GOOD.replace(MORE, "  more: 3\n"), "the claim 'more' is 3, not a mapping", ":5:9", "key"),
        (HEAD + "claims: {more: true}\n", "the claim 'more' is True, no", ":4:16", "key"),
        # so are the claims
        (
            HEAD + "claims:\n  - {name: more}\n",
            "[{'name': 'more'}] is not a mapping",
            ":5:3",
            "name:",
        ),
        (HEAD + "claims: 3\n", "claims: 3 is not a mapping", ":4:9", "{name: {claim: ...}}"),
        (HEAD + "claims: ''\n", "claims: '' is not a mapping", ":4:9", "{name: {claim: ...}}"),
        (HEAD + "claims: []\n", "claims: [] is not a mapping", ":4:9", "{name: {claim: ...}}"),
        (HEAD + "claims: {}\n", "the study has no claims", ":4:9", "{name: {claim: ...}}"),
        (HEAD + "claims:\n", "the study has no claims", ":4:8", "{name: {claim: ...}}"),
        (HEAD, "the study has no claims", ":1:1", "{name: {claim: ...}}"),
        # so is the file
        ("", "is empty", "", "give a study's title, question, caution and claims"),
        ("# nothing but this\n", "is empty", "", "give a study's title"),
        ("[]\n", "a claims file is [], not a mapping", ":1:1", "title, question, caution, version"),
        ("- title: x\n", "is [{'title': 'x'}], not a mapping", ":1:1", "title, question"),
        ("a text\n", "a claims file is 'a text', not a mapping", ":1:1", "title, question"),
        (
            GOOD + "---\n" + GOOD,
            "a second document begins here",
            ":25:1",
            "write one document in each file",
        ),
        # a claim twice, and what is not a text, no region
        (GOOD + ALIKE, "'alike' stands here a second time", ":25:3", "remove one"),
        (GOOD + MORE, "'more' stands here a second time", ":25:3", "remove one"),
        (
            GOOD.replace("title: A title", "title: [A, B]"),
            "title: ['A', 'B'] is no",
            ":1:8",
            "write",
        ),
        (
            GOOD.replace("{above: 0.01}", "[above, 0.01]"),
            "is not a region",
            ":13:12",
            "write holds:",
        ),
        (
            GOOD.replace("  alike:", '  "\\e[31m":'),
            r"'\x1b[31m' cannot be the name of a claim",
            ":15:3",
            "letters",
        ),
    ],
)
def test_a_wrong_shape_is_one_message(claims_of, text, message, place, fix):
    with pytest.raises(GridjaxError) as caught:
        claims_of(text)
    (problem,) = caught.value.problems
    assert message in problem.message
    assert str(problem.place).endswith(f"claims.yaml{place}")
    assert fix in problem.fix
