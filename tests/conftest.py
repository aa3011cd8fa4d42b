"""Fixtures that several test modules share."""

import os
from pathlib import Path

import numpy as np
import pytest

REFERENCE = Path(
    os.environ.get(
        "GRIDJAX_REFERENCE",
        Path(__file__).parents[2] / "shared" / "reference" / "grid_scores.npz",
    )
)


@pytest.fixture(scope="session")
def reference() -> dict[str, np.ndarray]:
    """The published scorer's outputs on maps of several kinds, where the file is at hand."""
    if not REFERENCE.exists():
        pytest.skip(f"no published scorer outputs at {REFERENCE}; set GRIDJAX_REFERENCE")
    with np.load(REFERENCE, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}
