"""Description of the machine that runs a benchmark."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import jax

from gridjax.run.worker.machine import n_cores, processor
from gridjax.version import __version__

_PACKAGES = ("jax", "jaxlib", "numpy", "scipy", "orbax-checkpoint", "torch")


def machine() -> dict[str, Any]:
    """Return device, processor, cores, memory (bytes), versions, and the current load average."""
    device = jax.devices()[0]
    return {
        "device": f"{device.platform} {device.device_kind}",
        "devices": len(jax.local_devices()),
        "processor": processor(),
        "cores": n_cores(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "gridjax": __version__,
        **{name: found for name in _PACKAGES if (found := _version(name))},
    }


def device_name(told: dict[str, Any]) -> str:
    """Return the device as text for a figure or a table."""
    if told["device"].startswith("cpu"):
        return f"{told['processor']}, {told['cores']} cores"
    return f"{told['devices']} x {told['device'].partition(' ')[2]}"


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
