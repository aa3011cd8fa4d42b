"""Numbers as text for people."""

import math

import pytest

from gridjax.io.numbers import number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.25, "0.2"),
        (-3.06, "−3.1"),
        (99_999.0, "99999.0"),
        (289_172_242_319.5, "2.9e11"),
        (-1e5, "−1.0e5"),
        (math.inf, "inf"),
        (math.nan, "–"),
    ],
)
def test_a_number_is_short(value, text):
    assert number(value, 1) == text
