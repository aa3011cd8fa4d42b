"""Learning rates that the networks of a pilot choose."""

from types import SimpleNamespace
from typing import Any, cast

import pandas as pd

from gridjax.spec.network import NetworkSpec
from gridjax.studies.networks.pilot_values import chosen_values
from gridjax.studies.networks.pilots import with_best_rates

NAN = float("nan")
ROWS = [
    # code, cell, rate, error
    ("gaussian", "RNN", 1e-3, 5.0),
    ("gaussian", "RNN", 1e-3, 9.0),
    ("gaussian", "RNN", 3e-3, 6.0),
    ("gaussian", "RNN", 3e-3, 6.5),
    ("gaussian", "RNN", 1e-2, 1.0),
    ("gaussian", "RNN", 1e-2, NAN),  # diverged
    ("cartesian", "RNN", 1e-2, NAN),
    ("gaussian", "LSTM", 1e-2, 30.0),
]
COLUMNS = ["place_field_values", "rnn_type", "learning_rate", "error"]


def rates(groups, *specs):
    pilot = SimpleNamespace(everything=pd.DataFrame(ROWS, columns=COLUMNS))
    chosen = with_best_rates(cast("Any", pilot), specs, "error", groups)
    return [spec.learning_rate for spec in chosen]


def spec(code, cell, rate=2e-3):
    return NetworkSpec(place_field_values=code, rnn_type=cell, learning_rate=rate)


def test_each_group_has_the_rate_with_the_least_mean_and_no_diverged_network():
    asked = [spec("gaussian", "RNN"), spec("gaussian", "LSTM"), spec("gaussian", "RNN", 1e-4)]
    assert rates(["place_field_values", "rnn_type"], *asked) == [3e-3, 1e-2, 3e-3]


def test_a_group_without_a_rate_keeps_its_own():
    asked = [spec("cartesian", "RNN"), spec("one_hot", "RNN", 5e-4)]
    assert rates(["place_field_values", "rnn_type"], *asked) == [2e-3, 5e-4]


def test_one_parameter_may_form_the_groups():
    assert rates(["rnn_type"], spec("one_hot", "RNN"), spec("cartesian", "LSTM")) == [3e-3, 1e-2]


def of(code, rate, **others):
    return NetworkSpec(place_field_values=code, learning_rate=rate, **others)


PILOT = [of("gaussian", rate, seed=900 + n) for rate in (1e-3, 3e-3, 1e-2) for n in range(2)] + [
    of("cartesian", rate, Np=2, place_field_loss="mse") for rate in (1e-3, 3e-3)
]
CARTESIAN = {"Np": 2, "place_field_loss": "mse"}


def test_the_values_that_a_pilot_chose_are_listed_by_group_with_what_it_tried():
    before = [of("gaussian", 2e-3, seed=n) for n in range(3)] + [of("cartesian", 2e-3, **CARTESIAN)]
    after = [of("gaussian", 3e-3, seed=n) for n in range(3)] + [of("cartesian", 3e-3, **CARTESIAN)]
    heading, gaussian, cartesian = chosen_values(PILOT, before, after)
    assert heading == (
        "place_field_values",  # Np and the loss follow from it
        "learning_rate, chosen",
        "learning_rate in the pilot",
        "networks",
    )
    assert gaussian == ("gaussian", "0.003", "0.001, 0.003, 0.01", "3")
    assert cartesian == ("cartesian", "0.003 (the largest)", "0.001, 0.003", "1")


def test_a_group_without_networks_in_the_pilot_and_the_smallest_value_are_said():
    before = [of("gaussian", 2e-3), of("one_hot", 2e-3)]
    after = [of("gaussian", 1e-3), of("one_hot", 2e-3)]
    _, gaussian, one_hot = chosen_values(PILOT, before, after)
    assert gaussian[1] == "0.001 (the smallest)"
    assert one_hot == ("one_hot", "0.002", "no network", "1")


def test_nothing_is_chosen_if_the_study_has_all_values_of_the_pilot():
    assert chosen_values(PILOT, PILOT, PILOT[:1]) == ()
    assert chosen_values(PILOT[:2], PILOT, PILOT) == ()  # the pilot varies nothing but the seed
