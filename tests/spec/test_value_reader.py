"""Reading one value of one field."""

import math
import re
import time

import pytest

from gridjax.errors import GridjaxError
from gridjax.io.numbers import parse_number
from gridjax.io.text import did_you_mean, show
from gridjax.spec.fidelity import PUBLISHED, Fidelity
from gridjax.spec.fields.distributions import Poisson, Uniform, parse_distribution
from gridjax.spec.parameters import FIELDS, is_read_by
from gridjax.spec.value_reader import LimitError, read_value


def refusal(name, raw, is_read=True):
    with pytest.raises(GridjaxError) as caught:
        read_value(FIELDS[name], raw, is_read)
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("Ng", 64, 64),
        ("Ng", 64.0, 64),
        ("Ng", "64", 64),
        ("Ng", " 6_4 ", 64),
        ("Ng", "3e1", 30),
        ("place_cell_rf", 1, 1.0),
        ("place_cell_rf", "1e-4", 1e-4),
        ("place_cell_rf", ".12", 0.12),
        ("place_cell_rf", "2.", 2.0),
        ("weight_decay", 0, 0.0),
        ("weight_decay", -0.0, 0.0),
        ("is_periodic", False, False),
        ("is_periodic", "False", False),
        ("rnn_type", "RNN", "RNN"),
        ("layout_seed", None, None),
        ("layout_seed", "null", None),
        ("layout_seed", "3", 3),
        ("seed", 2**31 - 1, 2**31 - 1),
        ("place_cell_rf", "Uniform( 0.06 , 1.0 )", Uniform(0.06, 1.0)),
        ("place_cell_rf", " uniform(1e-1,.5)", Uniform(0.1, 0.5)),
        ("place_cell_rf", "Uniform(.3, 0.3)", 0.3),
        ("n_place_fields_per_cell", "Poisson( 3 )", Poisson(3.0)),
        ("n_place_fields_per_cell", "Poisson(0)", 1),
        ("fidelity", "published", PUBLISHED),
        ("fidelity", "corrected, dropout=inert", Fidelity(dropout="inert")),
        ("gradient_clip", "none", None),
    ],
)
def test_values_are_read_as_the_type_of_their_field(name, raw, value):
    read = read_value(FIELDS[name], raw)
    assert read == value
    assert type(read) is type(value)
    if value == 0:
        assert math.copysign(1, read) == 1


@pytest.mark.parametrize(
    ("name", "raw", "what"),
    [
        ("Ng", -3, "Ng: -3 is below 1"),
        ("Ng", 0, "is below 1"),
        ("Ng", 65537, "is above 65536"),
        ("Ng", 30.5, "30.5 is not a whole number"),
        ("Ng", "many", "'many' is not a whole number"),
        ("Ng", True, "True is not a whole number"),
        ("Ng", None, "None is not a whole number"),
        ("Ng", [64], "[64] is not a whole number"),
        ("Ng", {"value": 64}, "is not a whole number"),
        ("Ng", "010", "'010' is not a whole number"),
        ("Ng", "0x40", "'0x40' is not a whole number"),
        ("Ng", "1:30", "'1:30' is not a whole number"),
        ("Ng", 10**40, "is not a finite number"),
        ("Ng", "9" * 400, "is not a finite number"),
        ("Ng", float("nan"), "is not a finite number"),
        ("place_cell_rf", 0, "place_cell_rf: 0 is not above 0"),
        ("place_cell_rf", 1e-50, "is not above 0"),
        ("place_cell_rf", float("nan"), "nan is not a finite number"),
        ("place_cell_rf", "nan", "'nan' is not a finite number"),
        ("place_cell_rf", ".inf", "'.inf' is not a finite number"),
        ("place_cell_rf", 1e39, "is not a finite number"),
        ("place_cell_rf", "wide", "'wide' is not a number"),
        ("place_cell_rf", "Uniform( 0.2 , .1 )", "has its low above its high"),
        ("place_cell_rf", "Uniform(0, 1)", "is not above 0"),
        ("place_cell_rf", "Uniform(.1)", "is not Uniform(low, high)"),
        ("place_cell_rf", "Uniform(.1, 1e99)", "is not a finite number"),
        ("place_cell_rf", "Poisson(3)", "is not Uniform(low, high)"),
        ("surround_scale", "uniform(1, 4.5)", "is not above 1"),
        ("surround_scale", 1, "is not above 1: at 1, centre and surround cancel"),
        ("surround_scale", 1.00000001, "is not above 1"),
        ("n_place_fields_per_cell", "Poisson(-1)", "has a negative mean"),
        ("n_place_fields_per_cell", "Poisson(11)", "is above a Poisson mean of at most 10"),
        ("n_place_fields_per_cell", "Uniform(1, 2)", "is not Poisson(mean)"),
        ("n_place_fields_per_cell", 33, "33 is above 32"),
        ("n_place_fields_per_cell", 0, "is below 1"),
        ("recurrent_dropout", 1, "1 is not below 1"),
        ("recurrent_dropout", -0.1, "-0.1 is below 0"),
        ("fidelity", "exact", "'exact' is no fidelity"),
        ("fidelity", "published, dropout=on", "is no fidelity"),
        ("place_maps", "maps.npy", "is not a file of place maps"),
        ("gradient_clip", 0, "0 is not above 0"),
        ("is_periodic", True, "True is not supported"),
        ("is_periodic", "yes", "'yes' is neither true nor false"),
        ("is_periodic", 0, "0 is neither true nor false"),
        ("rnn_type", "Transformer", "'Transformer' is unknown"),
        ("rnn_type", 3, "3 is not a name"),
        ("place_field_normalization", "local", "the study's code fails with it"),
        ("seed", 2**31, "is above 2147483647"),
        ("seed", None, "None is not a whole number"),
        ("learning_rate", -1e-3, "-0.001 is not above 0"),
    ],
)
def test_refusals_hold_the_name_the_value_and_a_fix(name, raw, what):
    problem = refusal(name, raw)
    assert what in problem.message
    assert problem.message.startswith(f"{name}: ")
    assert problem.fix
    assert len(problem.message) < 250


def test_the_fix_of_a_law_names_its_form_once():
    for name, raw in (("place_cell_rf", "Uniform(.1)"), ("n_place_fields_per_cell", "Poisson()")):
        fix = refusal(name, raw).fix
        assert fix is not None
        assert len(re.findall("Uniform|Poisson", fix)) == 1


@pytest.mark.parametrize(
    ("name", "raw", "fix"),
    [
        ("activation", "ReLU", "did you mean relu?"),
        ("activation", "sigmiod", "did you mean sigmoid?"),
        ("rnn_type", "rnn", "did you mean RNN?"),
        ("place_field_values", "gauss", "did you mean gaussian?"),
        ("Ng", -3, "a whole number from 1 to 65536"),
        ("place_cell_rf", 0, "a number above 0"),
        ("place_cell_rf", "Uniform(.2, .1)", "did you mean Uniform(0.1, 0.2)?"),
        ("n_place_fields_per_cell", "many", "or Poisson(mean)"),
        ("layout_seed", -1, "or null"),
    ],
)
def test_the_fix_says_what_to_write(name, raw, fix):
    assert fix in refusal(name, raw).fix


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("place_cell_rf", 0, 0.0),
        ("surround_scale", 1.0, 1.0),
        ("surround_scale", "0", 0.0),
        ("surround_scale", "Uniform( 1.25 , 4.5 )", Uniform(1.25, 4.5)),
        ("surround_scale", "Uniform(4, 2)", 2.0),
        ("surround_scale", "whatever", 2.0),
        ("n_place_fields_per_cell", 1.5, 1),
        ("n_place_fields_per_cell", "Poisson( 3.0 )", Poisson(3.0)),
        ("place_field_normalization", "none", "none"),
        ("place_field_normalization", "local", "local"),
        ("place_cell_alpha_e", -3, -3.0),
    ],
)
def test_values_that_the_code_does_not_read_are_accepted(name, raw, value):
    assert read_value(FIELDS[name], raw, is_read=False) == value


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("place_cell_rf", float("inf")),
        ("place_cell_rf", ".nan"),
        ("place_cell_rf", None),
        ("place_cell_rf", True),
        ("place_cell_rf", [0.1]),
        ("place_field_normalization", "golbal"),
    ],
)
def test_values_that_are_not_read_must_still_be_values(name, raw):
    assert refusal(name, raw, is_read=False)


@pytest.mark.parametrize("field", FIELDS.values(), ids=lambda field: field.name)
def test_every_default_is_accepted_unchanged(field):
    value = read_value(field, field.default)
    assert value == field.default
    assert type(value) is type(field.default)


def test_codes_read_what_their_formula_holds():
    def read_by(code):
        return {name for name, field in FIELDS.items() if not is_read_by(field, code)}

    assert "surround_scale" in read_by("gaussian")
    assert "place_cell_rf" not in read_by("gaussian")
    assert "surround_scale" not in read_by("difference_of_gaussians")
    assert {"place_cell_rf", "surround_scale", "n_place_fields_per_cell"} <= read_by("cartesian")
    assert "Np" not in read_by("cartesian")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("30", 30),
        ("-1_000", -1000),
        ("1e-4", 1e-4),
        ("+.5", 0.5),
        ("1.", 1.0),
        ("010", None),
        ("0", 0),
        ("0.10", 0.1),
        ("1:30", None),
        ("0x1F", None),
        ("0o17", None),
        ("2022-11-28", None),
        ("1__0", None),
        ("", None),
        ("e5", None),
        (".", None),
        ("١٢", None),
    ],
)
def test_only_decimal_numbers_are_numbers(text, number):
    assert parse_number(text) == number


def test_long_and_odd_values_are_shown_short_and_escaped():
    assert len(show("x" * 10_000)) <= 60
    assert show("\x1b[31m") == "'\\x1b[31m'"
    assert show("\ud800") == "'\\ud800'"
    assert did_you_mean("N" * 10_000, FIELDS) is None
    assert did_you_mean("ng", FIELDS) == "did you mean Ng?"
    assert did_you_mean("zzzz", FIELDS) is None


def test_an_integer_that_python_will_not_print_is_refused_without_printing_it():
    assert "thousands of digits is not a finite number" in refusal("Ng", 10**5000).message


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("Ng", "-3.0", -3),
        ("surround_scale", 1, 1.0),
        ("place_cell_rf", "Uniform(0, 1)", Uniform(0.0, 1.0)),
        ("place_field_normalization", "local", "local"),
        ("activation", "gelu", "gelu"),
    ],
)
def test_a_value_beyond_a_limit_is_told_apart_from_no_value_at_all(name, raw, value):
    with pytest.raises(LimitError) as caught:
        read_value(FIELDS[name], raw)
    assert caught.value.value == value
    for wrong in (None, [raw], {"value": raw}):
        with pytest.raises(GridjaxError) as other:
            read_value(FIELDS[name], wrong)
        assert not isinstance(other.value, LimitError)


@pytest.mark.parametrize("digits", ["1" * 500_000, "1_" * 250_000, "0." + "1" * 500_000])
def test_texts_of_many_digits_that_are_no_numbers_are_told_at_once(digits):
    began = time.process_time()
    assert parse_number(digits + "x") is None
    assert parse_distribution(f"Uniform({digits}x") is None
    assert time.process_time() - began < 0.5  # hours where the search goes back at every digit
