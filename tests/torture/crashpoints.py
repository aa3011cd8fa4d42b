"""The crash points of a run: every call that changes the disk.

The name of a point consists of its call, the path it changes and the moment, for instance
``replace shards/BLOCK before`` or ``write checkpoints/BLOCK/.aside-STEPS/checkpoint.json during``.
Names of blocks, parts, steps, arrays and files of orbax are replaced by their kinds, so that a
point has the same name in all runs.
"""

import io
import os
import re
import threading
from contextlib import contextmanager
from pathlib import Path

CALLS = ("fsync", "link", "replace", "rename", "unlink", "rmdir", "mkdir")
_KINDS = {
    r"\.aside-[0-9a-f]{12}-": ".aside-",
    r"(/arrays[^/]*/)[a-z].*/zarr\.json$": r"\1ARRAY/zarr.json",
    r"(/arrays[^/]*/)[a-z].*/c(/\d+)+$": r"\1ARRAY/CHUNK",
    r"(/arrays[^/]*/)(?!commit_success)[a-z].*$": r"\1ARRAY",
    r"[0-9a-f]{32}": "FILE",
    r"(?<=checkpoints/)(\.aside-)?[0-9a-f]{16}": r"\1BLOCK",
    r"(?<=shards/)(\.aside-)?[0-9a-f]{16}": r"\1BLOCK",
    r"(?<=partial/)(\.aside-)?[0-9a-f]{16}": r"\1BLOCK",
    r"(?<=BLOCK/)(\.aside-)?[0-9a-f]{16}": r"\1PART",
    r"(?<=damaged/)[0-9a-f]{16}-\d+": "BLOCK-N",
    r"\d{15}": "STEPS",
    r"\d{2,}": "N",
}


class CrashPoints:
    """Calls a hook at every point that is passed under a folder, with its name and count."""

    def __init__(self, folder, hook):
        self.folder = os.path.realpath(folder)
        self.hook = hook
        self.names = []
        self._lock = threading.RLock()

    def pass_by(self, call, path, when):
        """Count a point and call the hook, which may raise or end the process."""
        path = os.path.realpath(path)
        if not path.startswith(self.folder + os.sep):
            return
        name = f"{call} {kind_of(os.path.relpath(path, self.folder))} {when}"
        with self._lock:
            self.names.append(name)
            self.hook(name, self.names.count(name))

    @contextmanager
    def watching(self):
        """Watch the calls of the os module, and the files that are opened for writing."""
        original = {name: getattr(os, name) for name in CALLS} | {"open": io.open}
        for name in CALLS:
            setattr(os, name, self._watched(name, original[name]))
        io.open = self._opening(original["open"])
        try:
            yield self
        finally:
            for name in CALLS:
                setattr(os, name, original[name])
            io.open = original["open"]

    def _watched(self, name, call):
        def watched(path, *arguments, **options):
            where = _target(path, arguments, options)
            self.pass_by(name, where, "before")
            result = call(path, *arguments, **options)
            self.pass_by(name, where, "after")
            return result

        return watched

    def _opening(self, call):
        def opening(path, mode="r", *arguments, **options):
            if not set(mode) & set("wx") or isinstance(path, int):
                return call(path, mode, *arguments, **options)
            self.pass_by("open", path, "before")
            return _WatchedFile(call(path, mode, *arguments, **options), path, self)

        return opening


class _WatchedFile:
    """A file that is written in two halves."""

    def __init__(self, file, path, points):
        self._file, self._path, self._points = file, path, points

    def write(self, content):
        half = len(content) // 2
        self._file.write(content[:half])
        self._file.flush()
        self._points.pass_by("write", self._path, "during")
        written = half + self._file.write(content[half:])
        self._points.pass_by("write", self._path, "after")
        return written

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._file.close()

    def __getattr__(self, name):
        return getattr(self._file, name)


def states_of_the_disk(points):
    """Return the points that differ for a killed process: one for each state of the disk.

    The state after a call is that before the next one. A call of fsync changes no state that other
    processes see.
    """
    return [p for p in points if not p.endswith(" after") and not p.startswith("fsync ")]


def kind_of(path):
    """Return a path with the names of blocks, parts and steps replaced by their kinds."""
    for pattern, kind in _KINDS.items():
        path = re.sub(pattern, kind, path)
    return path


def _target(path, arguments, options):
    """The path that a call changes: the new name of a renaming, the file of a descriptor."""
    directory = options.get("dir_fd")
    if arguments and isinstance(arguments[0], str | os.PathLike):
        path = arguments[0]  # os.replace(old, new)
    if isinstance(path, int):
        return Path(f"/proc/self/fd/{path}").readlink()
    if directory is not None:
        return Path(f"/proc/self/fd/{directory}").readlink() / os.fspath(path)
    return path
