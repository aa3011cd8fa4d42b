"""What a benchmark ran on."""

import os
import platform
from importlib.metadata import version

import jax

from gridjax.study.devices import processor


def machine() -> dict[str, str | int | None]:
    """Return device, processor, cores and versions."""
    device = jax.devices()[0]
    return {
        "device": f"{device.platform} {device.device_kind}",
        "processor": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("jax", "jaxlib", "numpy", "scipy", "orbax-checkpoint")},
    }
