"""Cards that are not attached, and devices to compile for them."""

from importlib.util import find_spec

import jax
import pytest

from gridjax.accelerators.absent_device import absent_device
from gridjax.accelerators.card_info import CARDS

PLUGINS = {"h100": ("jax_cuda13_plugin", "cuda13"), "v5e": ("libtpu", "tpu")}
SETTINGS_OF_JAX = ("jax_platforms", "jax_enable_compilation_cache")


def card_parameters():
    for card, (package, extra) in PLUGINS.items():
        reason = f"the compiler for {card} is not installed: pip install '.[{extra}]'"
        missing = pytest.mark.skipif(find_spec(package) is None, reason=reason)
        yield pytest.param(card, marks=missing, id=card)


@pytest.fixture(scope="module", params=card_parameters())
def card(request):
    return CARDS[request.param]


@pytest.fixture(scope="module")
def device(card):
    settings = {name: getattr(jax.config, name) for name in SETTINGS_OF_JAX}
    yield absent_device(card)
    for name, value in settings.items():
        jax.config.update(name, value)
