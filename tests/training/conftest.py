"""Compiled training, shared by the tests of one session."""

import pytest
from training.blocks import (
    BANINO,
    CARTESIAN,
    CUBE,
    IN_ENVIRONMENTS,
    MEASURED,
    NOISY,
    OTHER_MOTION,
    RICH,
    Block,
)


@pytest.fixture(scope="session")
def blocks() -> dict[int, Block]:
    """Blocks of each lane width; a width is compiled by the first test that trains it."""
    return {width: Block(width) for width in (1, 2, 4)}


@pytest.fixture(scope="session")
def block(blocks) -> Block:
    """Blocks of one network."""
    return blocks[1]


@pytest.fixture(scope="session")
def cartesian():
    """Blocks of one network with another target, loss and activation."""
    return Block(1, CARTESIAN.static)


@pytest.fixture(scope="session")
def noisy():
    """Blocks of one network with noise on its state and its velocity input, and landmarks."""
    return Block(1, NOISY.static)


@pytest.fixture(scope="session")
def environments():
    """Blocks of one network with several environments and landmarks, told the environment."""
    return Block(1, IN_ENVIRONMENTS.static)


@pytest.fixture(scope="session")
def banino():
    """Blocks of one network of another architecture, with dropout and clipping."""
    return Block(1, BANINO.static)


@pytest.fixture(scope="session")
def rich():
    """Blocks of one network that reads every traced number but measured place cells."""
    return Block(1, RICH.static)


@pytest.fixture(scope="session")
def other_motion():
    """Blocks of one network with another motion and another optimiser."""
    return Block(1, OTHER_MOTION.static)


@pytest.fixture(scope="session")
def cube():
    """Blocks of one network in a cube."""
    return Block(1, CUBE.static)


@pytest.fixture(scope="session")
def measured():
    """Blocks of one network with measured place cells."""
    return Block(1, MEASURED.static)
