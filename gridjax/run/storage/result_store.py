"""Protocol of a store of results, from which a Run reads."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from gridjax.run.evaluation.evaluation import KeptMaps


class Store(Protocol):
    """The results of a run. The store in a folder is gridjax.run.storage.run_folder."""

    manifest: dict[str, Any]

    def committed(self) -> set[str]:
        """Return the run_ids whose results are complete."""
        ...

    def table(self, name: str) -> pa.Table:
        """Return one table, networks in the order of the sweep."""
        ...

    def maps(self, run_id: str) -> KeptMaps | None:
        """Return the stored rate maps of one network; None if there are none."""
        ...

    def weights(self, run_id: str) -> dict[str, np.ndarray] | None:
        """Return the stored weights and layout of one network, by path; None if there are none."""
        ...
