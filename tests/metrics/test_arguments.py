"""Arguments: what is a number, an array of numbers, a choice; all else is refused by its name."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gridjax.errors import GridjaxError
from gridjax.metrics.arguments import check_array, check_choice, check_float, check_int

NO_NUMBERS = [
    "a", b"a", None, [], {}, [1, 2], object(), 1j, True, 10**400, np.timedelta64(3),
    np.datetime64("2020"), np.array([3.0]), jax.random.key(0), float("nan"), float("inf"),
]  # fmt: skip


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("check", [check_float, check_int])
def test_what_is_no_number_in_the_range(check, value):
    with pytest.raises(GridjaxError, match="width is") as caught:
        check("width", value, -4, 400)
    assert all(problem.fix for problem in caught.value.problems)


@pytest.mark.parametrize("value", [-4, 400, 7.0, np.float32(3), np.uint8(9), jnp.asarray(2)])
def test_numbers_of_any_library(value):
    assert check_float("width", value, -4, 400) == float(value)
    assert check_int("width", value, -4, 400) == int(value)
    assert type(check_int("width", value, -4, 400)) is int
    for check in (check_float, check_int):
        with pytest.raises(GridjaxError, match=f"width is {float(value):g}"):
            check("width", value, 401, 500)


def test_halves_are_not_whole():
    assert check_float("width", 2.5, 0, 9) == 2.5
    with pytest.raises(GridjaxError, match=r"width is 2\.5"):
        check_int("width", 2.5, 0, 9)


@pytest.mark.parametrize("value", ["c", "", None, 3, ["a"], np.array(["a", "b"]), float("nan")])
def test_choices(value):
    check_choice("units", "a", ("a", "b"))
    with pytest.raises(GridjaxError, match=r"units is .*\n.*choose 'a' or 'b'"):
        check_choice("units", value, ("a", "b"))


def test_arrays_of_any_real_type():
    for given in ([[1, 2]], np.array([[1, 2]], np.float16), jnp.array([[1, 2]], jnp.bfloat16)):
        found = check_array("positions", given, 2)
        assert found.dtype == np.float64
        np.testing.assert_array_equal(found, [[1, 2]])
    masked = check_array("times", np.ma.masked_array([1, 2, 3], [0, 1, 0]), 1)
    assert type(masked) is np.ndarray
    np.testing.assert_array_equal(masked, [1, np.nan, 3])


ARRAYS = {
    "wrong rank": [1.0],
    "complex": np.ones((2, 2), complex),
    "masked complex": np.ma.masked_array(np.ones((2, 2), complex)),
    "text": [["a"]],
    "objects": np.array([[None]]),
    "ragged": [[1], [1, 2]],
    "spans of time": np.ones((2, 2), "m8[s]"),
    "dates": np.ones((2, 2), "M8[s]"),
    "records": np.ones((2, 2), [("a", float)]),
    "nothing": None,
}


@pytest.mark.parametrize("name", ARRAYS)
def test_what_is_no_array_of_numbers(name):
    with pytest.raises(GridjaxError, match=r"^positions are"):
        check_array("positions", ARRAYS[name], 2)


def test_traced_arrays_are_refused():
    with pytest.raises(GridjaxError, match="positions are not an array"):
        jax.jit(lambda x: check_array("positions", x, 2))(jnp.ones((2, 2)))
