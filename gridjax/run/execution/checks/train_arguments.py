"""Check of the types of the arguments of gridjax.train, before anything is read or written."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, NoReturn

from gridjax.callbacks import RunCallback
from gridjax.errors import GridjaxError, Problem
from gridjax.io.text import show
from gridjax.sweep.sweep import Sweep


def check_train_arguments(
    sweep: Any,
    callbacks: Any,
    *,
    progress: Any,
    workers: Any,
    checkpoint_every: Any,
    time_limit: Any,
    deterministic: Any,
    part: Any,
) -> None:
    """Raise GridjaxError for the first of these arguments of gridjax.train that has a wrong type.

    Other functions check the other arguments, and read the text of ``time_limit`` and ``part``.
    """
    if not isinstance(sweep, Sweep):
        fix = "give gridjax.Sweep.from_yaml(FILE), Sweep.from_dict(DICT) or Sweep.from_specs(SPECS)"
        _refuse("sweep", sweep, "a Sweep", fix)
    _check_callbacks(callbacks)
    for name, value in (("progress", progress or False), ("deterministic", deterministic)):
        if not isinstance(value, bool):
            _refuse(name, value, "true or false", "give True or False")
    if workers is not None and not _is(workers, Integral):
        _refuse("workers", workers, "a whole number", "give a positive number, or leave it out")
    if workers is not None and workers < 1:
        fix = "give a positive number, or leave it out"
        raise GridjaxError(Problem(f"{workers} workers cannot train anything", fix=fix))
    if not _is(checkpoint_every, Real) or not checkpoint_every >= 0:  # NaN too
        fix = "give seconds; 0 saves after every chunk"
        _refuse("checkpoint_every", checkpoint_every, "a time", fix)
    if not (time_limit is None or isinstance(time_limit, str) or _is(time_limit, Real)):
        _refuse("time_limit", time_limit, "a time", "give seconds, or text such as 30m or 1h30m")
    if not isinstance(part, str | None):
        _refuse("part", part, "text", "give text such as 3/16, or auto")


def _check_callbacks(callbacks: Any) -> None:
    fix = "give a list of objects of gridjax.callbacks.RunCallback"
    if isinstance(callbacks, str) or not isinstance(callbacks, Sequence):
        _refuse("callbacks", callbacks, "a list", fix)
    for callback in callbacks:
        if not isinstance(callback, RunCallback):
            _refuse("callbacks", callback, "a callback", fix)


def _is(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def _refuse(name: str, value: Any, kind: str, fix: str) -> NoReturn:
    raise GridjaxError(Problem(f"{name}: {show(value)} is not {kind}", fix=fix))
