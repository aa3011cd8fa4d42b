"""Gains above chance: whether networks have what a claim is about."""

import numpy as np
import pandas as pd

from gridjax.studies.gains import without_gain


def arm(mean, n=12):
    noise = np.random.default_rng(n).normal(0, 0.005, n)
    return pd.DataFrame({"seed": np.arange(n), "gain": mean + noise - noise.mean()})


def test_one_arm_with_a_gain_is_enough():
    assert without_gain({"a": arm(0.05)}) == ""
    assert without_gain({"a": arm(0.0), "b": arm(0.05)}) == ""
    assert without_gain({"a": arm(0.0), "b": arm(-0.05)}) != ""


def test_the_reason_has_the_numbers_of_every_arm():
    reason = without_gain(
        {"none": arm(-0.1), "more": arm(0.0)}, "gain", "ordered units", "readouts"
    )
    assert reason.startswith(
        "networks have no more ordered units than readouts (points; none: -10.0"
    )
    assert "; more: " in reason


def test_an_arm_without_a_value_is_left_to_the_other_rules():
    nothing = arm(0.0).assign(gain=np.nan)
    assert without_gain({"a": arm(0.0), "b": nothing}) == ""
