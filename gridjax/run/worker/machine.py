"""The CPU cores, processor and accelerator of this machine, found without starting JAX."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from gridjax.errors import GridjaxError, Problem

ONE_THREAD = {
    "PJRT_NPROC": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
"""Environment of a process that computes in one thread. The number of threads decides the last bits
of the results, so that one thread makes them independent of the number of cores."""


def n_cores() -> int:
    """Return the number of CPU cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def n_memory_maps() -> int:
    """Return the number of memory maps of this process; 0 if the system does not tell.

    Every program that is compiled for a CPU uses some.
    """
    try:
        return Path("/proc/self/maps").read_bytes().count(b"\n")
    except OSError:
        return 0


def n_threads() -> int:
    """Return the number of threads in which JAX computes on the CPU of this process.

    JAX reads the environment variable PJRT_NPROC when it starts; the default is one for each core.
    """
    text = os.environ.get("PJRT_NPROC", "")
    return int(text) if text.isdecimal() and int(text) > 0 else n_cores()


def default_workers() -> int:
    """Return the number of workers on a CPU: ``GRIDJAX_WORKERS``, or the number of cores.

    Raises GridjaxError if ``GRIDJAX_WORKERS`` is not a positive number.
    """
    text = os.environ.get("GRIDJAX_WORKERS", "")
    if not text:
        return n_cores()
    if not text.isdecimal() or int(text) == 0:
        fix = "set it to a positive number, or unset it"
        raise GridjaxError(Problem(f"GRIDJAX_WORKERS={text} is not a number of workers", fix=fix))
    return int(text)


_PLUGINS = {"gpu": ("jax_cuda12_plugin", "jax_cuda13_plugin"), "tpu": ("libtpu",)}
"""Packages of JAX for each kind of accelerator."""
_NODES = {"gpu": ("nvidia[0-9]*",), "tpu": ("accel[0-9]*", "vfio/[0-9]*")}
"""Linux device files of each kind of accelerator."""
_CARDS = Path("/proc/driver/nvidia/gpus")
"""Folder with a file about each NVIDIA card."""
_PLATFORMS = {"cuda": "gpu", "gpu": "gpu", "tpu": "tpu", "cpu": "cpu"}


def device_kind(devices: Path = Path("/dev")) -> str:
    """Return the kind of device that JAX would train on: cpu, gpu or tpu, without starting JAX.

    JAX_PLATFORMS decides if it is set. Otherwise an accelerator is used if its device file exists
    and its JAX package is installed.
    """
    wanted = os.environ.get("JAX_PLATFORMS", "").split(",")[0].strip().lower()
    if wanted:
        return _PLATFORMS.get(wanted, wanted)
    for kind, names in _PLUGINS.items():
        is_there = any(any(devices.glob(pattern)) for pattern in _NODES[kind])
        if is_there and any(find_spec(name) is not None for name in names):
            return kind
    return "cpu"


def device_name(devices: Path = Path("/dev"), cards: Path = _CARDS) -> str:
    """Return the name of the device that JAX would train on, without starting JAX.

    It is "cpu", the model that the driver of an NVIDIA card writes, or the kind of device if the
    model is unknown.
    """
    kind = device_kind(devices)
    if kind == "gpu":
        for file in sorted(cards.glob("*/information")):
            with suppress(OSError):
                lines = file.read_text().splitlines()
                models = [line.partition(":")[2].strip() for line in lines if "Model:" in line]
                return next(iter(models), kind)
    return kind


def processor() -> str:
    """Return the most precise name of the processor that the system reports."""
    return _first_of_cpuinfo("model name") or platform.processor() or platform.machine()


def processor_flags() -> str:
    """Return the instruction sets of this machine's processor; empty if unknown."""
    return _first_of_cpuinfo("flags") or _first_of_cpuinfo("Features")


def _first_of_cpuinfo(name: str) -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    values = (line.partition(":")[2].strip() for line in lines if line.startswith(name))
    return next(values, "")
