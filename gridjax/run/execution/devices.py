"""The devices of a run: their start, and their description in the manifest."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import jax

from gridjax.errors import GridjaxError, Problem
from gridjax.run.execution.machine import n_cores, n_cpu_devices, processor
from gridjax.run.execution.program_cache import use_program_cache
from gridjax.training.population import Device

DETERMINISTIC_FLAGS = ("--xla_gpu_deterministic_ops=true", "--xla_gpu_autotune_level=0")


@dataclass(frozen=True)
class Devices:
    """The devices of a run: the training devices and the evaluation device."""

    training: tuple[Device, ...]
    evaluation: Device


def start_devices(deterministic: bool = False, keep_programs: bool = True) -> Devices:
    """Return the devices to train on: all accelerators, or one virtual CPU device per core.

    There are at most machine.MOST_CPU_DEVICES virtual devices. On a CPU, several virtual devices
    are faster than one vmap. JAX creates its devices when it starts, so a process that has already
    used JAX keeps its devices. The first device also evaluates: an additional device for evaluation
    would slow down training on the others by 15 %. ``keep_programs`` stores compiled programs on
    disk (program_cache); measurements of compilation switch it off.

    Raises GridjaxError if JAX computes in float64.
    """
    if deterministic:
        flags = os.environ.get("XLA_FLAGS", "")
        os.environ["XLA_FLAGS"] = " ".join([flags, *DETERMINISTIC_FLAGS]).strip()
    if jax.config.jax_enable_x64:  # pyright: ignore[reportAttributeAccessIssue]
        fix = "unset JAX_ENABLE_X64"
        raise GridjaxError(Problem("JAX_ENABLE_X64 is set, but gridjax trains in float32", fix=fix))
    with suppress(RuntimeError):
        jax.config.update("jax_num_cpu_devices", n_cpu_devices())
    if keep_programs:
        use_program_cache()
    devices = jax.local_devices()
    return Devices(tuple(devices), devices[0])


def describe(devices: Devices, deterministic: bool = False) -> dict[str, Any]:
    """Return the manifest entry of the devices; every part of it can change the last bits."""
    is_cpu = devices.evaluation.platform == "cpu"
    return {
        "platform": devices.evaluation.platform,
        "kind": processor() if is_cpu else devices.evaluation.device_kind,
        "count": len(devices.training),
        "cpu_cores": n_cores(),
        "deterministic": deterministic,
        "xla_flags": " ".join(sorted(_flags_of_the_user())),
    }


def _flags_of_the_user() -> set[str]:
    return set(os.environ.get("XLA_FLAGS", "").split()) - set(DETERMINISTIC_FLAGS)
