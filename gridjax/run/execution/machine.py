"""This machine, as far as the system tells it; nothing here starts JAX."""

from __future__ import annotations

import os
import platform
from pathlib import Path

MOST_CPU_DEVICES = 24
"""Virtual devices of a processor at most: each compiles for itself (compilation_cache.py). Cores
beyond share the larger operations."""


def n_cores() -> int:
    """Return the number of CPU cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def n_cpu_devices() -> int:
    """Return the number of virtual devices that this machine's processor is divided into."""
    return min(n_cores(), MOST_CPU_DEVICES)


def processor() -> str:
    """Return the name of this machine's processor, as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
