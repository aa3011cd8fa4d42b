"""Arrays in a shard that were made to harm, under a valid list: they are damage."""

import io
import os
import pickle
import shutil
import zipfile

import numpy as np
import pytest

from gridjax.errors import DamageError
from gridjax.io.atomic_files import digest, dump_checksummed_json, load_checksummed_json
from gridjax.run.storage.run_folder import FolderStore
from gridjax.run.storage.shards import MAPS, SEAL, WEIGHTS, Shard

from .runfolder import FIRST_RUN_ID

METHOD, FLAGS = 10, 8  # bytes of a member in the zip's list, after its signature


class Attack:
    """Makes a folder where it is unpickled."""

    def __init__(self, marker):
        self.marker = str(marker)

    def __reduce__(self):
        return os.mkdir, (self.marker,)


def first_shard(run):
    return min((run / "shards").iterdir())


def put(run, name, content):
    """Put a file into the first shard and list it; return the run_id of its network."""
    shard = first_shard(run)
    sealed = load_checksummed_json((shard / SEAL).read_bytes())
    sealed["files"][name] = {"bytes": len(content), "sha256": digest(content)}
    (shard / name).write_bytes(content)
    (shard / SEAL).write_bytes(dump_checksummed_json(sealed))
    return sealed["run_ids"][0]


def arrays_of(run, name, run_id):
    shard = Shard(first_shard(run))
    return {MAPS: shard.maps, WEIGHTS: shard.weights}[name](run_id)


def npy(array):
    out = io.BytesIO()
    np.save(out, array, allow_pickle=True)
    return out.getvalue()


def zipped(members, compression=zipfile.ZIP_STORED):
    """Return a zip file with members of the first network."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as file:
        for name, content in members.items():
            file.writestr(f"{FIRST_RUN_ID}/{name}", content)
    return out.getvalue()


GOOD = zipped({"W.npy": npy(np.arange(60.0)), "b.npy": npy(np.ones((3, 4), np.float32))})
PACKED = zipped({"W.npy": npy(np.random.default_rng(0).random(999))}, zipfile.ZIP_DEFLATED)


def patched(content, offset, value):
    """A zip whose lists say another thing of its first member."""
    content = bytearray(content)
    for signature, shift in ((b"PK\x01\x02", 0), (b"PK\x03\x04", -2)):
        content[content.index(signature) + offset + shift] = value
    return bytes(content)


def flipped(content, position):
    content = bytearray(content)
    content[position] ^= 0xFF
    return bytes(content)


def header(text):
    text = text.encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(64)


DAMAGED = {
    "empty": b"",
    "no zip": b"no zip at all",
    "a zip's beginning alone": b"PK\x03\x04",
    "cut": GOOD[: len(GOOD) // 2],
    "an array alone": npy(np.ones(3)),
    "a flipped byte of an array": flipped(GOOD, 200),
    "a flipped byte of what is packed": flipped(PACKED, 300),
    "packed in an unknown way": patched(GOOD, METHOD, 99),
    "said to be packed": patched(GOOD, METHOD, zipfile.ZIP_DEFLATED),
    "said to be packed by bzip2": patched(GOOD, METHOD, zipfile.ZIP_BZIP2),
    "said to be packed by lzma": patched(GOOD, METHOD, zipfile.ZIP_LZMA),
    "said to be encrypted": patched(GOOD, FLAGS, 1),
    "a bomb": zipped({"W.npy": npy(np.zeros(10**6))}, zipfile.ZIP_DEFLATED),
    "a text": zipped({"W.txt": "hello"}),
    "a header that nests": zipped({"W.npy": header("[" * 9000)}),
    "a header that ends in a string": zipped({"W.npy": header("'''")}),
    "a header of 10^19 numbers": zipped(
        {"W.npy": header("{'descr': '<f8', 'fortran_order': False, 'shape': (10**19,)}")}
    ),
    "a header of 2^60 numbers": zipped(
        {"W.npy": header(f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({2**60},)}}")}
    ),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_arrays_of_a_valid_seal_are_damage(name, run):
    run_id = put(run, WEIGHTS, DAMAGED[name])
    with pytest.raises(DamageError, match="cannot be read") as caught:
        arrays_of(run, WEIGHTS, run_id)
    (problem,) = caught.value.problems
    assert problem.place.file.endswith(WEIGHTS)
    assert "\n" not in problem.message


def test_whatever_byte_is_damaged_is_damage_or_harms_nothing(run):
    whole = arrays_of(run, WEIGHTS, put(run, WEIGHTS, GOOD))
    n_damaged = 0
    positions = range(0, len(GOOD), 7)
    for position in positions:
        run_id = put(run, WEIGHTS, flipped(GOOD, position))
        try:
            read = arrays_of(run, WEIGHTS, run_id) or {}
        except DamageError:
            n_damaged += 1
        else:
            same = [np.array_equal(read[name], whole[name]) for name in whole if name in read]
            assert all(same)
    assert n_damaged > len(positions) / 2


@pytest.mark.parametrize("name", [WEIGHTS, MAPS])
def test_objects_in_a_shard_are_never_unpickled(name, run, reader, tmp_path):
    marker = tmp_path / "executed"
    objects = npy(np.array([Attack(marker)], object))
    attacks = {
        "in an npz": zipped({"maps.npy": objects}),
        "in an npz, unnamed": zipped({"maps": pickle.dumps(Attack(marker))}),
        "in an npy": objects,
        "alone": pickle.dumps(Attack(marker)),
    }
    assert pickle.loads(attacks["alone"]) is None  # what must not happen, happens here
    marker.rmdir()
    for content in attacks.values():
        run_id = put(run, name, content)
        with pytest.raises(DamageError, match="cannot be read"):
            arrays_of(run, name, run_id)
        assert not marker.exists()
    (problem,) = reader.check(run, "run")["problems"]
    assert problem["file"].endswith(name)


def test_other_arrays_than_maps_are_damage(run):
    run_id = put(run, MAPS, GOOD)
    with pytest.raises(DamageError, match="arrays other than maps"):
        FolderStore.open(run).maps(run_id)


@pytest.mark.parametrize("told", [5, None, [], "x", {"bytes": 3}])
def test_a_seal_that_tells_no_sha256_is_damage(told, run):
    path = first_shard(run) / SEAL
    sealed = load_checksummed_json(path.read_bytes())
    sealed["files"][WEIGHTS] = told
    path.write_bytes(dump_checksummed_json(sealed))
    assert set(FolderStore.open(run).damaged()) == {path.parent}


def test_a_list_that_names_files_outside_of_the_shard_is_damage(run):
    path = first_shard(run) / SEAL
    sealed = load_checksummed_json(path.read_bytes())
    for name in ("../x", "/etc/passwd", "other.npz"):
        entry = {"bytes": 0, "sha256": digest(b"")}
        path.write_bytes(dump_checksummed_json(sealed | {"files": sealed["files"] | {name: entry}}))
        assert set(FolderStore.open(run).damaged()) == {path.parent}


def test_a_shard_under_the_name_of_another_block_is_damage(run):
    first, second = sorted((run / "shards").iterdir())
    shutil.rmtree(second)
    first.rename(second)
    assert set(FolderStore.open(run).damaged()) == {second}
    assert FIRST_RUN_ID not in FolderStore.open(run).committed()
