"""The devices of workers and of measurements: their start, and their description in a manifest."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import jax

from gridjax.run.execution.checks.jax_settings import absent_platform, check_jax_settings
from gridjax.run.worker.machine import n_threads, processor
from gridjax.run.worker.program_cache import use_program_cache
from gridjax.training.population import Device

DETERMINISTIC_FLAGS = ("--xla_gpu_deterministic_ops=true", "--xla_gpu_autotune_level=0")


def start_devices(deterministic: bool = False, keep_programs: bool = True) -> list[Device]:
    """Return the devices of the workers in this process: all accelerators, or one CPU device.

    A CPU device computes in the threads of machine.n_threads(). ``keep_programs`` stores compiled
    programs on disk (program_cache); measurements of compilation switch it off.

    Raises GridjaxError if JAX cannot start, or has settings with which it cannot train.
    """
    check_jax_settings()
    if deterministic:
        flags = os.environ.get("XLA_FLAGS", "")
        os.environ["XLA_FLAGS"] = " ".join([flags, *DETERMINISTIC_FLAGS]).strip()
    if keep_programs:
        use_program_cache()
    try:
        devices = jax.local_devices()
    except (RuntimeError, AssertionError) as error:
        raise absent_platform(error) or error from None
    return devices[:1] if devices[0].platform == "cpu" else devices


def describe_cpu(n_threads: int) -> dict[str, Any]:
    """Return the manifest entry of a CPU; every part of it can change the last bits.

    ``n_threads`` are the threads in which one worker computes. Does not start JAX.
    """
    entry = {"platform": "cpu", "kind": processor(), "threads": n_threads, "deterministic": False}
    return entry | {"xla_flags": _flags_of_the_user()}


def describe(devices: Sequence[Device], deterministic: bool = False) -> dict[str, Any]:
    """Return the manifest entry of the devices of this process, after JAX was started.

    Every part of it can change the last bits.
    """
    if devices[0].platform == "cpu":
        return describe_cpu(n_threads())
    entry = {"platform": devices[0].platform, "kind": devices[0].device_kind, "threads": 1}
    return entry | {"deterministic": deterministic, "xla_flags": _flags_of_the_user()}


def _flags_of_the_user() -> str:
    flags = set(os.environ.get("XLA_FLAGS", "").split()) - set(DETERMINISTIC_FLAGS)
    return " ".join(sorted(flags))
