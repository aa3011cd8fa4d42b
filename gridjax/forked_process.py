"""Refusal of processes that were forked after JAX had started: there, JAX waits forever.

A fork copies one thread alone, so the threads of JAX are missing in the new process. The flag of
this module is global, because a fork concerns the whole process.
"""

from __future__ import annotations

import os
import sys

from gridjax.errors import GridjaxError, Problem

_STATE = {"is_forked": False}


def refuse_forked_process() -> None:
    """Raise GridjaxError if this process was forked after JAX had started."""
    if _STATE["is_forked"]:
        message = "this process was forked after JAX had started, and JAX would wait forever in it"
        fix = (
            'start processes by multiprocessing.get_context("spawn"), or score all maps in one call'
        )
        raise GridjaxError(Problem(message, fix=fix))


def note_forks() -> None:
    """Note from now on which new processes are forked after JAX has started.

    ``import gridjax`` calls it: a fork that happens before cannot be noticed.
    """
    if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
        os.register_at_fork(after_in_child=_note_fork)


def _note_fork() -> None:
    """Note in a new process whether JAX has devices. An import alone starts no threads."""
    bridge = sys.modules.get("jax._src.xla_bridge")
    has_started = getattr(bridge, "backends_are_initialized", None)
    _STATE["is_forked"] |= has_started is not None and bool(has_started())
