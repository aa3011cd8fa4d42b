"""The kind of device that would train, known without JAX."""

import sys

import pytest

from gridjax.run.worker import machine


@pytest.mark.parametrize(
    ("platforms", "nodes", "packages", "kind"),
    [
        ("", [], [], "cpu"),
        ("", ["nvidia0"], ["jax_cuda12_plugin"], "gpu"),
        ("", ["nvidiactl"], ["jax_cuda12_plugin"], "cpu"),  # a driver without a card
        ("", ["nvidia0"], [], "cpu"),  # a card that this JAX cannot drive
        ("", ["accel0"], ["libtpu"], "tpu"),
        ("cpu", ["nvidia0"], ["jax_cuda12_plugin"], "cpu"),
        ("cuda,cpu", [], [], "gpu"),
    ],
)
def test_the_kind_of_device(platforms, nodes, packages, kind, tmp_path, monkeypatch):
    monkeypatch.setenv("JAX_PLATFORMS", platforms)
    monkeypatch.setattr(
        machine, "find_spec", lambda name: sys.modules[__name__] if name in packages else None
    )
    for node in nodes:
        (tmp_path / node).touch()
    assert machine.device_kind(tmp_path) == kind


@pytest.mark.parametrize(
    ("platforms", "information", "name"),
    [
        ("cpu", "Model: \t\t NVIDIA H200\n", "cpu"),
        ("cuda", "Model: \t\t NVIDIA H200\nIRQ:   \t\t 85\n", "NVIDIA H200"),
        ("cuda", "IRQ: 85\n", "gpu"),
        ("cuda", None, "gpu"),
        ("tpu", None, "tpu"),
    ],
)
def test_the_name_of_a_card_is_that_of_its_driver(
    platforms, information, name, tmp_path, monkeypatch
):
    monkeypatch.setenv("JAX_PLATFORMS", platforms)
    if information is not None:
        (tmp_path / "0000:19:00.0").mkdir()
        (tmp_path / "0000:19:00.0" / "information").write_text(information)
    assert machine.device_name(tmp_path, tmp_path) == name


def test_a_processor_has_a_name():
    assert machine.processor()
