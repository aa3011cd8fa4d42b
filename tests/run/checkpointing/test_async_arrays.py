"""Arrays on the disk and copies of arrays: the same values, types and shapes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gridjax.run.checkpointing.async_arrays import ArrayWriter, read_arrays
from gridjax.run.checkpointing.host_copy import HostBuffer


def same(found, expected):
    return (found.dtype, found.shape) == (
        expected.dtype,
        expected.shape,
    ) and found.tobytes() == np.asarray(expected).tobytes()


ARRAYS = {
    "float32": np.array([[0.0, -0.0, np.nan, np.inf], [1e-45, 3e38, 1.0, 2.0]], np.float32),
    "deep/name/with/parts": np.arange(6, dtype=np.float64).reshape(2, 3),
    "float16": np.ones((2, 1), np.float16),
    "bfloat16": jnp.ones((2, 3), jnp.bfloat16),
    "int32": np.array([-(2**31), 2**31 - 1], np.int32),
    "int64": np.array([-(2**63), 2**63 - 1]),
    "uint32": np.array([0, 2**32 - 1], np.uint32),
    "bool": np.array([True, False]),
    "zeros": np.zeros((2, 5), np.float32),
    "on a device": jnp.arange(10.0).reshape(2, 5),
}


def test_every_type_is_copied_written_and_read_to_the_bit(tmp_path):
    copies = HostBuffer().copy(ARRAYS)
    assert all(isinstance(copy, np.ndarray) for copy in copies.values())
    writer = ArrayWriter()
    for name in ("first", "second"):
        writer.start(tmp_path / name, copies)
        writer.wait()
    for found in (copies, read_arrays(tmp_path / "first"), read_arrays(tmp_path / "second")):
        assert found.keys() == ARRAYS.keys()
        for name, array in ARRAYS.items():
            assert same(found[name], array), name


def test_a_copy_shares_no_memory_with_its_array():
    buffer = HostBuffer()
    array, on_device = np.ones((2, 100_000)), jnp.ones((2, 100_000))
    copies = buffer.copy({"host": array, "device": on_device})
    array[:] = 2
    jax.jit(lambda a: a + 1, donate_argnums=0)(on_device)
    assert (copies["host"] == 1).all()
    assert (copies["device"] == 1).all()
    again = buffer.copy({"host": array})
    assert (again["host"] == 2).all()
    assert np.shares_memory(again["host"], copies["host"]), "the memory is not used again"


def test_a_folder_that_orbax_cannot_read_is_a_value_error(tmp_path):
    with pytest.raises(ValueError, match="its arrays cannot be read"):
        read_arrays(tmp_path / "none")


def test_a_folder_that_cannot_be_made_is_an_os_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="Not a directory"):
        ArrayWriter().start(tmp_path / "file" / "a", HostBuffer().copy(ARRAYS))
