"""Default lane widths: the most lanes that fit on a card, and those of a bucket."""

import re
from dataclasses import replace

import pytest
from source_tree import text_of

from gridjax.accelerators.card_info import CARDS, OTHER_MEMORY, memory_of
from gridjax.run.planning.card_memory import (
    BYTES_OF_SCORES,
    bytes_of_evaluation,
    bytes_of_state,
    bytes_of_training,
)
from gridjax.run.planning.lane_width import (
    LaneWidth,
    bucket_lane_width,
    default_lane_width,
    evaluation_width,
)
from gridjax.run.planning.merging import plan_under
from gridjax.run.planning.plan import make_plan
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.settings.run_settings import EvaluationSettings, Settings

STUDY = NetworkSpec()
SMALL = NetworkSpec(Ng=128, Np=128, batch_size=64)
USUAL = EvaluationSettings()
LARGE = EvaluationSettings(batch_size=20_000)
"""Evaluations of which one lane takes gigabytes."""
KINDS = ("NVIDIA H100 80GB HBM3", "NVIDIA H200", "TPU v5 lite", "NVIDIA GeForce RTX 4090")


def fits(kind, static, settings, lanes):
    """Whether training fits, and then the evaluation of one lane after the other."""
    limit = 0.6 * memory_of(kind)
    in_evaluation = bytes_of_evaluation(static, 44, settings) + BYTES_OF_SCORES
    return (
        lanes * bytes_of_training(static) <= limit,
        lanes * bytes_of_state(static) + in_evaluation <= limit,
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("units", [128, 512, 1024, 4096])
@pytest.mark.parametrize("settings", [USUAL, LARGE], ids=["usual", "large"])
def test_the_default_is_the_largest_power_of_two_that_fits(kind, units, settings):
    static = NetworkSpec(Ng=units).static
    lanes = 1
    while all(fits(kind, static, settings, 2 * lanes)):
        lanes *= 2
    width, limit = default_lane_width(kind, static, 44, settings)
    assert width == lanes
    trains, evaluates = fits(kind, static, settings, 2 * lanes)
    assert limit in {"training" if not trains else "", "evaluation" if not evaluates else ""}
    assert limit


def test_a_cpu_trains_one_network_at_a_time_and_evaluates_all_lanes_of_a_block():
    assert default_lane_width("cpu", STUDY.static, 44, USUAL) == (1, "cpu")
    assert evaluation_width("cpu", STUDY.static, 44, LARGE, 64) == 64
    (bucket,) = make_plan([replace(SMALL, seed=seed) for seed in range(9)]).buckets
    assert (bucket.lane_width, bucket.lane_limit) == (1, "cpu")


def test_the_name_of_a_card_decides_and_an_unknown_one_counts_as_16_gib():
    by_kind = {kind: default_lane_width(kind, STUDY.static, 44, USUAL).lanes for kind in KINDS}
    assert by_kind["NVIDIA H200"] >= by_kind["NVIDIA H100 80GB HBM3"] > by_kind["TPU v5 lite"]
    assert by_kind["NVIDIA GeForce RTX 4090"] == by_kind["TPU v5 lite"]
    assert memory_of("gpu") == OTHER_MEMORY == CARDS["v5e"].memory
    assert {memory_of(card.device_kind) for card in CARDS.values()} == {
        card.memory for card in CARDS.values()
    }


@pytest.mark.parametrize("most", [1, 4, 128])
@pytest.mark.parametrize("n_networks", [1, 3, 4, 5, 8, 100, 128, 129, 640])
def test_a_bucket_has_the_fewest_blocks_and_the_fewest_empty_lanes(most, n_networks):
    """The oracle tries every width."""

    def blocks(lanes):
        return -(-n_networks // lanes)

    fewest = min(blocks(lanes) for lanes in range(1, most + 1))
    narrowest = min(lanes for lanes in range(1, most + 1) if blocks(lanes) == fewest)
    width = bucket_lane_width(LaneWidth(most, "training"), n_networks)
    assert width.lanes == narrowest
    assert width.limit == ("training" if narrowest == most else "networks")


def test_a_plan_has_the_width_of_its_networks_its_card_or_its_setting():
    few = [replace(SMALL, seed=seed) for seed in range(20)]
    (bucket,) = plan_under(Settings(), few, "NVIDIA H200").buckets
    assert (bucket.lane_width, bucket.lane_limit, bucket.n_blocks) == (20, "networks", 1)
    (bucket,) = plan_under(Settings(lane_width=3), few, "NVIDIA H200").buckets
    assert (bucket.lane_width, bucket.lane_limit) == (3, "setting")
    (bucket,) = plan_under(Settings(evaluation=LARGE), [STUDY], "TPU v5 lite").buckets
    assert (bucket.lane_width, bucket.lane_limit) == (1, "evaluation")
    most = default_lane_width("NVIDIA H200", STUDY.static, 44, USUAL).lanes
    many = [replace(STUDY, seed=seed) for seed in range(2 * most)]
    (bucket,) = plan_under(Settings(), many, "NVIDIA H200").buckets
    assert (bucket.lane_width, bucket.lane_limit, bucket.n_blocks) == (most, "training", 2)
    assert bucket.bytes_per_block == most * bytes_of_training(STUDY.static)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("spec", [SMALL, STUDY], ids=["small", "study"])
@pytest.mark.parametrize("settings", [USUAL, LARGE], ids=["usual", "large"])
def test_as_many_lanes_are_evaluated_at_once_as_fit_beside_the_states(kind, spec, settings):
    for lanes in (1, 3, 16, 1024):
        left = 0.6 * memory_of(kind) - BYTES_OF_SCORES - lanes * bytes_of_state(spec.static)
        width = evaluation_width(kind, spec.static, 44, settings, lanes)
        of_lane = bytes_of_evaluation(spec.static, 44, settings)
        assert width == lanes or width == 1 or width * of_lane <= left < 2 * width * of_lane
        assert width <= lanes


def test_the_table_of_the_docs_is_that_of_the_rule():
    text = text_of("docs", "howto", "speed.md")
    section = text.partition("## Lanes, blocks and memory")[2].partition("\n## ")[0]
    shown = [
        [int(number.replace(",", "")) for number in re.findall(r"[\d,]+", line)]
        for line in re.findall(r"^\| [\d,]+ \|.*$", section, re.MULTILINE)
    ]
    assert [units for units, *_ in shown] == [128, 256, 512, 1024, 2048, 4096]
    for units, *numbers in shown:
        static = NetworkSpec(Ng=units).static
        kinds = (CARDS[name].device_kind for name in ("h100", "h200", "v5e", "v6e"))
        widths = [default_lane_width(kind, static, 44, USUAL).lanes for kind in kinds]
        memory = bytes_of_training(static), bytes_of_evaluation(static, 44, USUAL)
        assert numbers == [*widths, *(round(each / 1e6) for each in memory)]
    h100, a100 = (CARDS[name].device_kind for name in ("h100", "a100"))
    of_h100, of_a100 = (default_lane_width(kind, static, 44, USUAL) for kind in (h100, a100))
    assert of_h100 == of_a100
