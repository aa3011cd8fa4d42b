"""Options of the compiler for kernels that take longer to compile than to run."""

from __future__ import annotations

QUICK = {"xla_cpu_use_fusion_emitters": False}
"""On a CPU, the older generator of loops: such kernels compile in about half the time and their
programs are as fast. The option has no effect on other devices."""
