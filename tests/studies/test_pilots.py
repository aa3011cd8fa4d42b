"""Learning rates that the networks of a pilot choose."""

from types import SimpleNamespace
from typing import Any, cast

import pandas as pd

from gridjax.spec.network import NetworkSpec
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
