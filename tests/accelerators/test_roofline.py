"""Times of the roofline model, by hand."""

from dataclasses import replace

import pytest

from gridjax.accelerators.card_info import CARDS, FLOAT64, TF32, VECTOR, CardInfo
from gridjax.accelerators.compiled_program import Kernel, Launches
from gridjax.accelerators.roofline import REACHED_BANDWIDTH, REACHED_RATE, predict

CARD = replace(
    CARDS["h100"],
    rates={TF32: 100e12 / REACHED_RATE, VECTOR: 10e12 / REACHED_RATE},
    bytes_per_s=1e12 / REACHED_BANDWIDTH,
    launch_s=2e-6,
)


def test_a_kernel_takes_the_longer_of_arithmetic_and_bytes_and_a_launch():
    product = Kernel("a", "gemm", {TF32: 300e6, VECTOR: 20e6}, 1e6)  # 3 us, 2 us, 1 us
    copy = Kernel("b", "copy", {}, 5e6)  # 5 us
    found = predict(Launches(((product, 10), (copy, 0.5))), CARD)
    assert found.arithmetic_s == pytest.approx(30e-6)
    assert found.bytes_s == pytest.approx(2.5e-6)
    assert found.launch_s == pytest.approx(21e-6)
    assert found.total_s == pytest.approx(53.5e-6)
    assert found.limit == "arithmetic"


def test_other_operations_limit_a_kernel_if_they_take_longer_than_its_products():
    kernel = Kernel("a", "fusion", {TF32: 100e6, VECTOR: 40e6}, 0)  # 1 us, 4 us
    assert predict(Launches(((kernel, 1),)), CARD).arithmetic_s == pytest.approx(4e-6)


def test_arithmetic_that_a_card_lacks_is_refused():
    kernel = Kernel("a", "gemm", {FLOAT64: 1.0}, 0)
    with pytest.raises(ValueError, match="TPU v5e has no float64"):
        predict(Launches(((kernel, 1),)), CARDS["v5e"])


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
def test_records_of_cards_are_complete_and_plausible(card: CardInfo):
    assert card.source
    assert 8e9 < card.usable_memory < card.memory < 1e12
    assert 1e11 < card.bytes_per_s < 1e13
    assert card.rates["float32"] < card.rates["tf32"] < card.rates["bf16"] < 2e15
    assert (card.gpu is None) == (card.launch_s == 0) == bool(card.topology)
