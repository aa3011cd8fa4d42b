"""Arrays on the disk and copies of arrays: the same values, types and shapes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gridjax.run.checkpointing import host_copy
from gridjax.run.checkpointing.async_arrays import ArrayWriter, read_arrays
from gridjax.run.checkpointing.host_copy import HostBuffer, on_host


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
    copies = HostBuffer().detach(ARRAYS)
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
    copies = buffer.detach({"host": array, "device": on_device})
    array[:] = 2
    jax.jit(lambda a: a + 1, donate_argnums=0)(on_device)
    assert (copies["host"] == 1).all()
    assert (copies["device"] == 1).all()
    again = buffer.detach({"host": array})
    assert (again["host"] == 2).all()
    assert np.shares_memory(again["host"], copies["host"]), "the memory is not used again"


@pytest.mark.parametrize("free", [10**9, 10])
def test_arrays_of_an_accelerator_are_copied_where_there_is_room(free, monkeypatch):
    """A CPU in the place of an accelerator, with and without enough free memory."""
    stats = {"bytes_limit": 10**10, "peak_bytes_in_use": 10**10 - free}
    device = type("Device", (), {"platform": "gpu", "memory_stats": lambda self: stats})()
    monkeypatch.setattr(host_copy, "_is_on_host", lambda array: not isinstance(array, jax.Array))
    monkeypatch.setattr(type(ARRAYS["on a device"]), "devices", lambda self: {device})
    state = {name: jnp.array(array) for name, array in ARRAYS.items() if "64" not in name}
    expected = {name: np.array(array) for name, array in state.items()}
    copies = HostBuffer().detach(state | {"host": np.ones(3)})
    jax.jit(lambda tree: jax.tree.map(jnp.zeros_like, tree), donate_argnums=0)(state)
    found = on_host(copies)
    assert list(found) == [*state, "host"]
    assert all(same(found[name], array) for name, array in expected.items())


def test_a_folder_that_orbax_cannot_read_is_a_value_error(tmp_path):
    with pytest.raises(ValueError, match="its arrays cannot be read"):
        read_arrays(tmp_path / "none")


def test_a_folder_that_cannot_be_made_is_an_os_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="Not a directory"):
        ArrayWriter().start(tmp_path / "file" / "a", HostBuffer().detach(ARRAYS))
