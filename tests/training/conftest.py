"""Compiled training, shared by the tests of one session."""

import pytest
from training.blocks import Block


@pytest.fixture(scope="session")
def blocks() -> dict[int, Block]:
    """Blocks of each lane width; a width is compiled by the first test that trains it."""
    return {width: Block(width) for width in (1, 2, 4)}


@pytest.fixture(scope="session")
def block(blocks) -> Block:
    """Blocks of one network."""
    return blocks[1]
