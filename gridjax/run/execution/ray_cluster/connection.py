"""The connection of a run to a Ray cluster, or to a Ray instance that it starts on this machine."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from gridjax.errors import GridjaxError, Problem
from gridjax.run.worker.machine import n_cores

LOCAL = "local"
_AUTO = "auto"
_ADDRESS = "RAY_ADDRESS"
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def import_ray() -> Any:
    """Return the module of Ray. Raises GridjaxError with the extra to install if it is missing."""
    try:
        return import_module("ray")
    except ImportError as error:
        fix = "install the extra [ray]: pip install 'gridjax[ray]'"
        raise GridjaxError(Problem(f"--engine ray cannot be used: {error}", fix=fix)) from None


@contextmanager
def connected(address: str | None, workers: int | None) -> Iterator[Any]:
    """Connect this process to a cluster; yield the module of Ray; disconnect at the end.

    A connection that the caller has made with ``ray.init`` is used, and kept at the end.

    Args:
        address: ``auto`` (the cluster of this host), ``HOST:PORT``, ``ray://HOST:PORT``, or
            ``local`` to start an instance on this machine; None means the environment variable
            RAY_ADDRESS, or else ``local``.
        workers: number of CPUs of an instance on this machine, if it is larger than the number of
            cores.

    Raises GridjaxError if Ray is not installed, or there is no cluster at the address.
    """
    ray = import_ray()
    if ray.is_initialized():
        if address not in (None, _AUTO):
            message = f"--address {address}: this process is connected to a Ray cluster already"
            raise GridjaxError(
                Problem(message, fix="leave the address out, or call ray.shutdown()")
            )
        yield ray
        return
    where = address or os.environ.get(_ADDRESS) or LOCAL
    options = {"num_cpus": max(workers or 1, n_cores())} if where == LOCAL else {}
    try:
        with _kept_signals():
            ray.init(where, log_to_driver=False, logging_level=logging.ERROR, **options)
    except Exception as error:  # Ray has no class for a cluster that does not answer
        raise _no_cluster(where, error) from None
    try:
        yield ray
    finally:
        with _kept_signals():
            ray.shutdown()


def _no_cluster(address: str, error: Exception) -> GridjaxError:
    reason = next(iter(str(error).splitlines()), type(error).__name__)
    if address == LOCAL:
        message, fix = f"Ray does not start on this machine: {reason}", "see Ray's logs in /tmp/ray"
    else:
        message = f"--address {address}: no connection to a Ray cluster: {reason}"
        fix = "start one with: ray start --head; or leave the address out to use this machine alone"
        if address.startswith("ray://"):
            fix = (
                "check the port (ray start --head --ray-client-server-port=PORT); a cluster that "
                "asks for a token needs RAY_AUTH_MODE=token, and its ~/.ray/auth_token on this host"
            )
    return GridjaxError(Problem(message, fix=fix))


@contextmanager
def _kept_signals() -> Iterator[None]:
    """Restore the handlers of signals, which Ray replaces in the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
