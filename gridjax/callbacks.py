"""Callbacks of a run: the events that a run reports, and the objects that receive these events.

``gridjax.train(sweep, callbacks=[...])`` calls every callback in the order of the list, in the
thread that called ``train``. It calls ``on_start`` once, then ``on_event`` for each event, then
``on_end`` once.

An exception in a callback stops the run as Ctrl-C does: the devices stop at the end of their chunk,
the networks in training are saved, ``on_end`` of every callback is called, and ``train`` raises the
exception. After that, the callback that raised it receives only ``on_end``. To stop a run on
purpose, raise ``Stopped``. An exception in ``on_end`` does not change the run: ``train`` raises it
after the call of all callbacks, unless ``train`` already raises another exception.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


class Stopped(Exception):  # noqa: N818 - a requested stop is not an error
    """A run was stopped on request, and all of its networks are saved."""


@dataclass(frozen=True)
class RunStart:
    """The size of a run, before anything is trained."""

    n_networks: int
    """networks of the sweep, or of the part of it that is trained"""
    n_finished: int
    """networks whose results an earlier call left in the folder"""
    n_buckets: int
    """groups of networks that are compiled together"""
    flop: float
    """floating-point operations of the training of all networks"""
    flop_left: float
    """floating-point operations of the training of the networks without results"""
    folder: Path
    """folder of the results; ``gridjax.open_run`` reads the networks that are finished so far"""


@dataclass(frozen=True)
class BlockStarted:
    """A block of networks that a worker has taken, and the worker."""

    block: str
    """name of the block"""
    n_networks: int
    """networks to train"""
    host: str
    """host of the worker"""
    pid: int
    """process of the worker"""
    device: str
    """kind of the device that trains the block"""


@dataclass(frozen=True)
class TrainingSteps:
    """Gradient steps that a block of networks has made since its last event."""

    network_steps: int
    """gradient steps, summed over the networks of the block"""
    flop: float
    """floating-point operations of these steps"""
    block: str = ""
    """name of the block"""


@dataclass(frozen=True)
class TrainingMeasures:
    """Losses and error of a block in training, as means over its networks and new trajectories."""

    loss: float
    """loss in nats, or in m^2 for target codes with a squared loss"""
    loss_excess: float
    """loss minus the entropy of the targets, in nats; NaN unless the loss is a cross-entropy"""
    position_error_m: float
    """distance between decoded and true position, metres"""
    state_objective: float = math.nan
    """objective on states, without its weight; NaN without one"""


@dataclass(frozen=True)
class EvaluationStarted:
    """An evaluation of networks of a block, which sends nothing until it ends.

    The first evaluation of a shape compiles its programs. On an accelerator this can take minutes.
    """

    block: str
    """name of the block"""
    n_networks: int
    """networks that are evaluated together"""


@dataclass(frozen=True)
class NetworkFinished:
    """A network whose results are stored: it was trained and evaluated, or it diverged."""

    run_ids: tuple[str, ...]
    """the specs of the sweep that describe this network and had no results yet"""
    diverged: bool
    """whether its loss or weights became non-finite; a diverged network has no scores"""


@dataclass(frozen=True)
class BlockFinished:
    """A block of networks whose results are stored, and the wall-clock seconds of its stages.

    Compilation counts to the stage that needs the program. A resumed block has the seconds of this
    call.
    """

    block: str
    """name of the block: the name of its folder in ``shards/``"""
    n_networks: int
    """networks that were trained"""
    train_s: float
    """training, with its measures and checkpoints"""
    evaluate_s: float
    """evaluation of the trained networks"""
    store_s: float
    """tables, maps and weights, and their writing"""


@dataclass(frozen=True)
class NetworkResumed:
    """A network whose training continues from a checkpoint of an earlier call."""

    run_id: str
    step: int
    """gradient steps that the checkpoint holds"""
    n_grad_steps: int
    """gradient steps of the whole training"""

    def __str__(self) -> str:
        return f"resumed {self.run_id} at step {self.step} of {self.n_grad_steps}"


@dataclass(frozen=True)
class CheckpointSaved:
    """A complete checkpoint on disk, of networks in training or waiting for evaluation."""

    run_ids: tuple[str, ...]
    steps: tuple[int, ...]
    """gradient steps of each of these networks"""


@dataclass(frozen=True)
class RunWarning:
    """A problem that does not stop the run, such as a damaged checkpoint."""

    message: str

    def __str__(self) -> str:
        return self.message


RunEvent = (
    BlockStarted
    | TrainingSteps
    | TrainingMeasures
    | EvaluationStarted
    | NetworkFinished
    | BlockFinished
    | NetworkResumed
    | CheckpointSaved
    | RunWarning
)
"""All kinds of events that ``RunCallback.on_event`` receives."""


@dataclass(frozen=True)
class RunEnd:
    """The end of a run."""

    n_finished: int
    """networks of the sweep that have results"""
    error: BaseException | None
    """the exception that ended the run (``Stopped``, KeyboardInterrupt, an error); None when every
    network is finished"""


class RunCallback:
    """Base class of callbacks; every method does nothing until a subclass overrides it."""

    def on_start(self, start: RunStart) -> None:
        """Receive the size of the run, before anything is trained."""

    def on_event(self, event: RunEvent) -> None:
        """Receive one event."""

    def on_poll(self) -> None:
        """Perform an action that must not wait for the next event, such as raising ``Stopped``.

        The run calls this method before training starts, after each event, and at least every
        0.2 s between events.
        """

    def on_end(self, end: RunEnd) -> None:
        """Receive the end of the run, after its tables are written."""


class CallbackList(RunCallback):
    """Callback that calls several callbacks and handles their exceptions."""

    def __init__(self, callbacks: Iterable[RunCallback]):
        self._all = tuple(callbacks)
        self._active = list(self._all)

    def on_start(self, start: RunStart) -> None:
        """Call every callback; raise the first exception."""
        self._call("on_start", start)

    def on_event(self, event: RunEvent) -> None:
        """Call every callback that has raised nothing yet; raise the first exception."""
        self._call("on_event", event)

    def on_poll(self) -> None:
        """Call every callback that has raised nothing yet; raise the first exception."""
        self._call("on_poll")

    def on_last_events(self, events: Sequence[RunEvent]) -> None:
        """Pass the events of a run that is being stopped to the callbacks; ignore exceptions."""
        for event in events:
            for callback in tuple(self._active):
                with suppress(Exception):
                    callback.on_event(event)

    def on_end(self, end: RunEnd) -> None:
        """Call every callback, then raise the first exception."""
        errors: list[BaseException] = []
        for callback in self._all:
            try:
                callback.on_end(end)
            except BaseException as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def _call(self, method: str, *arguments: RunStart | RunEvent) -> None:
        for callback in tuple(self._active):
            try:
                getattr(callback, method)(*arguments)
            except BaseException:
                self._active = [each for each in self._active if each is not callback]
                raise
