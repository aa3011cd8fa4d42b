"""The description of an absent card, and the extras that its compiler needs."""

import pytest

from gridjax.accelerators import absent_device
from gridjax.accelerators.card_info import CARDS
from gridjax.errors import GridjaxError


def test_the_target_of_a_gpu_has_the_numbers_of_its_card():
    text = absent_device.gpu_target(CARDS["a100"])
    for line in (
        "core_count: 108",
        "memory_bandwidth: 2039000000000",
        "device_memory_size: 85094825984",
        "cuda_compute_capability { major: 8 minor: 0 }",
        'device_description_str: "NVIDIA A100-SXM4-80GB"',
    ):
        assert line in text


@pytest.mark.parametrize(
    ("installed", "card"),
    [("jax_cuda12_plugin", "h200"), ("jax_cuda13_plugin", "h200"), ("libtpu", "v6e")],
)
def test_one_plugin_of_the_kind_of_card_is_sufficient(monkeypatch, installed, card):
    there = {installed: object()}
    monkeypatch.setattr(absent_device, "find_spec", there.get)
    absent_device.check_extra(CARDS[card])
    with pytest.raises(GridjaxError, match="pip install 'gridjax"):
        absent_device.check_extra(CARDS["v5e" if card == "h200" else "h100"])
