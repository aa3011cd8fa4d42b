"""JSON values that have the form that is read later, and those that have not."""

import pytest

from gridjax.io.json_schema import check_schema

SCHEMA = {
    "name": str,
    "count": int,
    "share": int | float | None,
    "done": bool,
    "any": object,
    "rows": [{"at": [int]}],
    "files": {str: {"bytes": int}},
}
GOOD = {
    "name": "a",
    "count": 3,
    "share": None,
    "done": False,
    "any": True,
    "rows": [{"at": [1, 2], "more": "x"}, {"at": []}],
    "files": {"a.csv": {"bytes": 7}},
}


def test_a_value_of_the_form_is_accepted_with_further_keys():
    check_schema(GOOD | {"later": 1}, SCHEMA, "it")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": 3}, "name is 3, not text"),
        ({"count": True}, "count is True, not a whole number"),
        ({"share": "much"}, "share is 'much'"),
        ({"done": 1}, "done is 1, not true or false"),
        ({"rows": {}}, "rows is {}, not a list"),
        ({"rows": [[]]}, r"an entry of rows is \[\], not a mapping"),
        ({"rows": [{}]}, "an entry of rows has no at"),
        ({"rows": [{"at": [1, "2"]}]}, "an entry of at is '2'"),
        ({"files": []}, r"files is \[\], not a mapping"),
        ({"files": {"a.csv": {"bytes": "7"}}}, "bytes is '7'"),
        ({"files": {"a.csv": {}}}, "files: 'a.csv' has no bytes"),
    ],
)
def test_another_form_is_refused_with_its_value(change, message):
    with pytest.raises(ValueError, match=message):
        check_schema(GOOD | change, SCHEMA, "it")


def test_a_missing_key_and_another_kind_of_value_are_refused():
    with pytest.raises(ValueError, match="it has no name"):
        check_schema({}, SCHEMA, "it")
    with pytest.raises(ValueError, match=r"it is \[\], not a mapping"):
        check_schema([], SCHEMA, "it")
