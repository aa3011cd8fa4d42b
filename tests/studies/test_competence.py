"""Competence: who has learned to path-integrate, by error or by loss, never by score."""

import math

import numpy as np
import pandas as pd
import pytest
from studies.conftest import make_competent
from synthetic import quickstart_specs, synthetic_run

from gridjax.spec.fidelity import Fidelity
from gridjax.spec.network import NetworkSpec
from gridjax.spec.registry import ENCODINGS
from gridjax.studies.competence import competent, is_decodable, loss_above_least, loss_bound
from gridjax.studies.evidence import Evidence
from gridjax.task.code_maps import code_over_box

PLACE = NetworkSpec(place_field_values="gaussian", Np=32)
MIRRORED = NetworkSpec(
    place_field_values="high_dim_polar",
    place_field_loss="mse",
    Np=32,
    fidelity=Fidelity(polar_angle="atan"),
)


def is_competent(spec=PLACE, **changes):
    row = {"run_id": "a", "status": "finished", "loss": 1.0, "loss_excess": math.nan}
    row |= {"weight_penalty": 0.0, "decode_err_ml_cm_T50": 5.0, "start_err_cm_T50": 40.0}
    (found,) = competent(pd.DataFrame([row | changes]), lambda run_id: spec)
    return bool(found)


@pytest.mark.parametrize(
    ("error", "start", "expected"),
    [
        (9.99, 40.0, True),
        (10.0, 40.0, False),  # exactly 10 cm is not below 10 cm
        (np.nextafter(10.0, 0), 40.0, True),
        (math.nan, 40.0, False),
        (5.0, math.nan, False),
        (math.inf, 40.0, False),
        (5.0, 5.0, False),  # as good as the answer "the start"
        (5.0, 4.0, False),
        (5.0, 5.1, True),
    ],
)
def test_a_competent_network_is_below_ten_centimetres_and_below_the_start(error, start, expected):
    assert is_competent(decode_err_ml_cm_T50=error, start_err_cm_T50=start) == expected


def test_a_diverged_network_is_not_competent():
    assert not is_competent(status="diverged")
    assert not is_competent(MIRRORED, status="diverged", loss=0.0)


@pytest.mark.slow
def test_only_codes_with_equal_targets_at_two_positions_cannot_be_decoded():
    """Every target code of gridjax over a grid: the nearest other targets are not the same."""
    seen = set()
    for name in ENCODINGS:
        if name == "from_file":  # targets of a file
            continue
        loss = {"polar": "polarmse", "cartesian": "mse"}.get(name, "crossentropy")
        loss = "mse" if "high_dim" in name else loss
        n_outputs = 2 if name in ("polar", "cartesian") else 64
        for angle in ("atan2", "atan"):
            spec = NetworkSpec(
                place_field_values=name,
                place_field_loss=loss,
                Np=n_outputs,
                place_cell_rf=0.2,
                surround_scale=2,
                fidelity=Fidelity(polar_angle=angle),
            )
            code = code_over_box(spec, 20)
            gaps = np.square(code[:, None] - code[None]).sum(axis=-1)
            np.fill_diagonal(gaps, np.inf)
            # of the range of the code; float32 rounds equal targets to 1e-14 of it at most
            distinct = gaps.min() > 1e-10 * np.square(np.ptp(code, axis=0)).sum()
            assert is_decodable(spec) == distinct, (name, angle)
            seen.add(is_decodable(spec))
    assert seen == {True, False}


def test_a_code_that_cannot_be_decoded_is_judged_by_its_loss():
    bound = loss_bound(MIRRORED, 0.1)
    assert 0 < bound < loss_bound(MIRRORED, 0.2)
    for loss, expected in ((0.99 * bound, True), (bound, False), (math.nan, False)):
        # the error of its decoder decides nothing
        assert is_competent(MIRRORED, loss=loss, decode_err_ml_cm_T50=80.0) == expected
        assert is_competent(MIRRORED, loss=loss, decode_err_ml_cm_T50=1.0) == expected


def test_the_bound_is_at_most_the_distance_of_the_start():
    """Small boxes: an answer that is 10 cm away can be no better than the start."""
    loss = 0.5 * (loss_bound(MIRRORED, 0.04) + loss_bound(MIRRORED, 0.1))
    assert is_competent(MIRRORED, loss=loss)
    assert not is_competent(MIRRORED, loss=loss, start_err_cm_T50=4.0)
    assert not is_competent(MIRRORED, loss=loss, start_err_cm_T50=math.nan)
    assert not is_competent(MIRRORED, loss=0.0, start_err_cm_T50=0.0)


def test_the_weight_penalty_is_no_part_of_the_loss():
    row = {"loss": 0.5, "loss_excess": 0.1, "weight_penalty": 0.2}
    with_penalty = NetworkSpec(
        place_field_values="polar",
        place_field_loss="polarmse",
        Np=2,
        fidelity=Fidelity(loss_column="with_penalty"),
    )
    assert loss_above_least(row, PLACE) == 0.1
    assert loss_above_least(row, MIRRORED) == 0.5
    assert loss_above_least(row, with_penalty) == pytest.approx(0.3)


def test_scores_periods_and_spectra_change_nothing():
    specs = quickstart_specs()
    wanted = tuple(spec.run_id for spec in specs)

    def found(spoil):
        run = synthetic_run(specs, keep_maps="none", weights=False)
        make_competent(run).networks.loc[::2, "decode_err_ml_cm_T50"] = 12.0
        if spoil:
            run.units["score_60_by_neuron"] = 2.0
            run.units["period_cm"] = math.nan
            for name in run.networks.columns:
                if name.startswith(("score_", "share_above", "null_99")):
                    run.networks[name] = 0.0
        return Evidence(run, wanted).everything["is_competent"].tolist()

    assert found(spoil=True) == found(spoil=False)
    assert set(found(spoil=False)) == {True, False}


def test_evidence_can_be_asked_of_all_of_competent_and_of_finished_networks():
    specs = quickstart_specs()
    run = make_competent(synthetic_run(specs, keep_maps="none", weights=False, diverged=[1]))
    run.networks.loc[3:5, "decode_err_ml_cm_T50"] = 10.0
    everybody = Evidence(run, tuple(spec.run_id for spec in specs))
    sizes = {whom: len(everybody.ask(whom).networks) for whom in ("all", "competent", "finished")}
    assert sizes == {"all": 14, "competent": 11, "finished": 15}
    able = everybody.ask("competent")
    assert able.networks["is_competent"].all()
    for rows in (able.units, able.spectra, able.peaks):
        assert set(rows["run_id"]) == set(able.networks["run_id"])
    assert {everybody.ask(whom).n_diverged for whom in sizes} == {1}
