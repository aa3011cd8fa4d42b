"""Nested, dotted and other names of parameters, and distributions that draw what nobody means."""

import pytest

import gridjax as gj
from gridjax.errors import GridjaxError
from gridjax.run.planning.plan_by_file import drawn_lines, drawn_ranges, remarks

BASE = {"n_epochs": {"value": 1}, "n_grad_steps_per_epoch": {"value": 2}}


def sweep(parameters, **keys):
    return gj.Sweep.from_dict({"method": "grid", "parameters": parameters | BASE} | keys)


def test_nested_and_dotted_names_are_the_plain_ones():
    plain = {"Ng": {"values": [8, 16]}, "learning_rate": {"values": [1e-3, 3e-4]}}
    nested = {
        "model": {"parameters": {"Ng": plain["Ng"]}},
        "training": {
            "parameters": {"adam": {"parameters": {"learning_rate": plain["learning_rate"]}}}
        },
    }
    dotted = {"model.Ng": plain["Ng"], "training.adam.learning_rate": plain["learning_rate"]}
    assert sweep(nested).specs == sweep(dotted).specs == sweep(plain).specs
    assert len(sweep(plain).specs) == 4


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"model.Ng": {"value": 8}, "Ng": {"value": 9}}, "Ng is given twice"),
        ({"a.Ng": {"value": 8}, "b.Ng": {"value": 8}}, "Ng is given twice: as 'b.Ng'"),
        ({"model": {"parameters": {"size": {"value": 8}}}}, "unknown parameter 'size'"),
        ({"model": {"value": {"Ng": 8}}}, "unknown parameter 'model'"),
        ({"lr": {"value": 8}}, "write learning_rate"),
        ({"optim.lr": {"value": 8}}, "write learning_rate"),
        ({"n_steps": {"value": 8}}, "n_epochs times n_grad_steps_per_epoch"),
        ({"DoG": {"value": True}}, "surround_convention: variance"),
    ],
)
def test_names_that_are_not_known_have_a_hint(parameters, words):
    with pytest.raises(GridjaxError) as caught:
        sweep(parameters)
    assert words in str(caught.value)


def drawn(kind, low, high, name="learning_rate"):
    given = {name: {"distribution": kind, "min": low, "max": high}}
    return sweep(given, method="random", run_cap=20)


def test_exponents_that_are_probably_values_are_questioned():
    doubtful = drawn("log_uniform", 1e-4, 1e-2)
    assert any(
        "draws 1.0001 to 1.0101; did you mean log_uniform_values?" in one
        for one in remarks(doubtful)
    )
    for fine in (drawn("log_uniform", -9, -4), drawn("log_uniform_values", 1e-4, 1e-2)):
        assert len(remarks(fine)) == 1
    assert len(remarks(drawn("uniform", 1e-4, 1e-2))) == 1


def test_a_plan_says_the_range_of_what_was_drawn():
    one = drawn("log_uniform_values", 1e-4, 1e-2)
    rates = [spec.learning_rate for spec in one.specs]
    (entry,) = drawn_ranges(one)
    assert (entry["smallest"], entry["largest"]) == (min(rates), max(rates))
    assert drawn_lines(one) == [
        f"learning_rate: {min(rates):.6g} to {max(rates):.6g} (log_uniform_values)"
    ]
    assert not drawn_lines(sweep({"Ng": {"values": [8, 16]}}))
