"""Options of the compiler for kernels that take longer to compile than to run."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any

import jax

QUICK: dict[str, Any] = (
    {"xla_cpu_use_fusion_emitters": False} if jax.__version_info__ < (0, 11) else {}
)
"""On a CPU, the older generator of loops: such kernels compile in about half the time and their
programs are as fast. The option has no effect on other devices. Newer versions of JAX refuse it."""
LESS_OPTIMISED: dict[str, Any] = {"xla_backend_optimization_level": 1}
"""Fewer passes over the code of loops. It is for ``jit_for_cpu`` alone, because other devices know
this option too."""


def jit_for_cpu(function: Callable[..., Any], options: dict[str, Any], **jit: Any) -> Any:
    """Return the jitted function; the options apply if the default device is a CPU.

    The first call reads the default device, because an import must not start JAX.
    """

    @lru_cache(maxsize=1)
    def jitted() -> Any:
        on_cpu = jax.default_backend() == "cpu"
        return jax.jit(function, compiler_options=options if on_cpu else None, **jit)

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        return jitted()(*args, **kwargs)

    return call
