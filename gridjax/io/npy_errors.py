"""Exceptions that NumPy raises when it reads a damaged .npy or .npz file without pickle."""

from __future__ import annotations

import zipfile
import zlib
from lzma import LZMAError
from tokenize import TokenError

NOT_NPY = (ValueError, EOFError, TypeError, OverflowError, RecursionError, SyntaxError, TokenError)
"""Exceptions of a damaged .npy file; the header of such a file is a Python literal."""
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
"""Exceptions of a damaged .npz file, from NumPy, zipfile and its decompressors."""
