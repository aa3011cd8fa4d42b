"""Widths of a scan: metres, both ends included."""

import pytest

from gridjax.errors import GridjaxError
from gridjax.studies.networks.scan import read_widths


def test_both_ends_belong_to_a_range():
    assert read_widths("0.09:0.15:0.01") == [0.09, 0.1, 0.11, 0.12, 0.13, 0.14, 0.15]
    assert read_widths("0.1:0.1:0.01") == [0.1]
    assert read_widths("0.1:0.2:0.03") == [0.1, 0.13, 0.16, 0.19]
    assert read_widths("1e-1:.2:5e-2") == [0.1, 0.15, 0.2]


def test_centimetres_are_refused_with_the_metres_that_are_meant():
    with pytest.raises(GridjaxError) as caught:
        read_widths("9:15:1")
    assert "--widths 0.09:0.15:0.01" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["", "0.1", "0.1:0.2", "0.1:0.2:0.01:3", "a:b:c", "0.2:0.1:0.01", "0.1:0.2:0", "0.1:0.2:-0.01",
     "0:0.2:0.01", "nan:0.2:0.01", "0.1:inf:0.01", "0.1:0.2:1e-9", "0.1:0.2:1e-320",
     "9:15:1", "-1:0.2:0.01"],
)  # fmt: skip
def test_nonsense_is_refused(text):
    with pytest.raises(GridjaxError) as caught:
        read_widths(text)
    (problem,) = caught.value.problems
    assert text in problem.message
    assert problem.fix


def test_a_thousand_widths_are_taken_and_more_are_not():
    assert len(read_widths("0.001:1:0.001")) == 1000
    with pytest.raises(GridjaxError, match="more than 1000 widths"):
        read_widths("0.001:1.001:0.001")
