"""The exceptions that a damaged .npy or .npz file can raise; nothing is unpickled."""

from __future__ import annotations

import zipfile
import zlib
from lzma import LZMAError
from tokenize import TokenError

NOT_NPY = (ValueError, EOFError, TypeError, OverflowError, RecursionError, SyntaxError, TokenError)
"""What NumPy raises on a damaged .npy file, whose header is a Python literal."""
NOT_NPZ = (
    *NOT_NPY,
    OSError,
    KeyError,
    MemoryError,
    NotImplementedError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
    LZMAError,
)
"""What NumPy, zipfile and its decompressors raise on a damaged .npz file."""
