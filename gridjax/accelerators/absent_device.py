"""Devices that are not attached: XLA's compiler for a card, without the card.

JAX describes such a device by a topology. Programs can be lowered and compiled for it, but they
cannot run on it. The compiler of a card is in a plugin of JAX, which an extra of gridjax installs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import jax

from gridjax.accelerators.card_info import GPU, CardInfo
from gridjax.errors import GridjaxError, Problem

_PLUGINS = {"gpu": ("jax_cuda13_plugin", "jax_cuda12_plugin"), "tpu": ("libtpu",)}
"""Packages with the compiler of each kind of card; one of them is sufficient."""
_EXTRAS = {"gpu": "cuda13", "tpu": "tpu"}
_ENVIRONMENT = {
    "JAX_SKIP_CUDA_CONSTRAINTS_CHECK": "1",  # there is no driver to check
    "TPU_SKIP_MDS_QUERY": "1",  # there is no server with the data of a TPU
    "TPU_WORKER_HOSTNAMES": "localhost",
    "TPU_WORKER_ID": "0",
    "ALLOW_MULTIPLE_LIBTPU_LOAD": "1",  # the lock protects an attached TPU, and none is used
}
"""Environment in which the compilers start on any machine."""
_TARGET = """
gpu_device_info {{
  threads_per_block_limit: 1024 threads_per_warp: 32 shared_memory_per_block: 49152
  shared_memory_per_core: {gpu.shared_memory_per_multiprocessor}
  shared_memory_per_block_optin: {gpu.shared_memory_per_block}
  threads_per_core_limit: 2048 core_count: {gpu.multiprocessors} fpus_per_core: 64
  block_dim_limit_x: 2147483647 block_dim_limit_y: 65535 block_dim_limit_z: 65535
  memory_bandwidth: {bytes_per_s} l2_cache_size: {gpu.l2_cache} clock_rate_ghz: {gpu.clock_ghz}
  device_memory_size: {memory}
  cuda_compute_capability {{ major: {major} minor: {minor} }}
  registers_per_core_limit: 65536 registers_per_block_limit: 65536
}}
platform_name: "CUDA"
dnn_version_info {{ major: 9 minor: 10 }}
runtime_version {{ major: 13 }}
device_description_str: "{label}"
"""
"""Text form of XLA's GpuTargetConfigProto."""


def check_extra(card: CardInfo) -> None:
    """Check that the compiler of a card is installed; start nothing.

    Raises GridjaxError with the extra to install.
    """
    if not any(find_spec(name) is not None for name in _PLUGINS[card.kind]):
        extra = _EXTRAS[card.kind]
        message = f"the compiler for {card.label} is not installed: JAX has no plugin for this card"
        fix = f"install the extra [{extra}]: pip install 'gridjax[{extra}]'; no card is needed"
        raise GridjaxError(Problem(message, fix=fix))


def absent_device(card: CardInfo) -> Any:
    """Return a device of a card for which programs can be compiled.

    Starts no backend of a GPU or TPU. After this call, JAX computes on the CPU in this process, and
    writes no compiled programs to disk, because they cannot run on this machine.

    Raises GridjaxError if the compiler of the card is not installed or cannot start.
    """
    check_extra(card)
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    if card.kind != GPU:
        os.environ["TPU_ACCELERATOR_TYPE"] = card.slice_type
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_enable_compilation_cache", False)
    from jax.experimental import topologies

    try:
        if card.kind != GPU:
            return topologies.get_topology_desc(card.topology, "tpu").devices[0]
        options = {"target_config": gpu_target(card), "topology": "1x1x1"}
        return topologies.get_topology_desc("", "cuda", **options).devices[0]
    except (RuntimeError, NotImplementedError) as error:
        message = f"the compiler for {card.label} cannot start: {error}"
        fix = "install the extras of gridjax again in a new environment, or use a new process"
        raise GridjaxError(Problem(message, fix=fix)) from error


@contextmanager
def lowering_for(device: Any) -> Iterator[None]:
    """Context for the lowering of programs with Pallas kernels for a GPU that is not attached.

    Pallas reads the kind of GPU from this context. Without it, Pallas reads the kind of an attached
    GPU.
    """
    described = jax.sharding.AbstractDevice(
        device_kind=device.device_kind, num_cores=None, platform="cuda"
    )
    mesh = jax.sharding.AbstractMesh(
        (1,), ("device",), (jax.sharding.AxisType.Auto,), abstract_device=described
    )
    with jax.sharding.use_abstract_mesh(mesh):
        yield


def gpu_target(card: CardInfo) -> str:
    """Return the description of an NVIDIA card that XLA's compiler reads, as protobuf text."""
    assert card.gpu is not None
    major, minor = card.gpu.compute_capability
    return _TARGET.format(
        gpu=card.gpu,
        bytes_per_s=round(card.bytes_per_s),
        memory=card.memory,
        label=card.label,
        major=major,
        minor=minor,
    )


def on_device(shapes: Any, device: Any) -> Any:
    """Return shapes of arguments (a pytree of jax.ShapeDtypeStruct) placed on a device."""
    sharding = jax.sharding.SingleDeviceSharding(device)

    def placed(leaf: Any) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding)

    return jax.tree.map(placed, shapes)
