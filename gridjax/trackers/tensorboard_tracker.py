"""Callback for TensorBoard, written by tensorboardX, which needs neither TensorFlow nor PyTorch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gridjax.trackers.tracked_run import TrackedRun, import_library
from gridjax.trackers.tracker import Tracker, run_name

if TYPE_CHECKING:
    import pandas as pd

FOLDER = "tensorboard"
_MOST_ROWS = 1000
"""Largest number of rows of a table that TensorBoard shows as text."""


class TensorBoard(Tracker):
    """Callback that records a population for TensorBoard (extra ``tensorboard``).

    Args:
        folder: Folder of the event files; None for the folder ``tensorboard`` in the folder of the
            results.
        per_network: Whether each network is a tracker run too, in a folder with its run_id; the
            tab HPARAMS then compares the networks.
        figures: Whether to draw and record the figures of the report at the end.

    Raises:
        GridjaxError: The library is not installed.
    """

    def __init__(
        self, folder: str | Path | None = None, *, per_network: bool = False, figures: bool = True
    ):
        super().__init__("TensorBoard", per_network, figures)
        self._library = import_library("tensorboardX", "TensorBoard", "tensorboard")
        self._into = folder

    def open_run(
        self, folder: Path, name: str, config: dict[str, Any], population: TrackedRun | None
    ) -> TrackedRun:
        """Open the event file of a population, or of a network in a folder of its own."""
        into = folder / FOLDER if self._into is None else Path(self._into) / run_name(folder)
        if population is not None:
            into /= name
        writer = self._library.SummaryWriter(str(into))
        if population is None:
            text = json.dumps(config, indent=1, default=str)
            writer.add_text("config", f"```\n{text}\n```")
        return _TensorBoardRun(writer, config)


class _TensorBoardRun:
    """The event file of one run."""

    def __init__(self, writer: Any, config: dict[str, Any]):
        self._writer, self._config = writer, config

    def log(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def summarise(self, values: Mapping[str, float]) -> None:
        parameters = {name: x for name, x in self._config.items() if x is not None}
        measures = {f"hparam/{name}": value for name, value in values.items()}
        # Written to its own folder: the name of an event file contains only the time in seconds.
        self._writer.add_hparams(parameters, measures, name="hparams")

    def add_table(self, name: str, table: pd.DataFrame) -> None:
        rows = [list(table.columns), ["---"] * len(table.columns)]
        rows += table.head(_MOST_ROWS).astype(object).values.tolist()
        lines = ["|".join(str(cell).replace("|", "\\|") for cell in row) for row in rows]
        self._writer.add_text(name, "\n".join(f"|{line}|" for line in lines))

    def add_figure(self, name: str, caption: str, png: Path) -> None:
        from matplotlib.image import imread

        pixels = imread(png)[..., :3]
        self._writer.add_image(f"figures/{name}", pixels, dataformats="HWC")
        self._writer.add_text(f"figures/{name}", caption)

    def finish(self, is_complete: bool) -> None:
        if not is_complete:
            self._writer.add_text("status", "stopped before every network was finished")
        self._writer.close()
