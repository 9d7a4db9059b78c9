"""Pieces of work as files: with a checksum, and read without running what may be in them."""

import hashlib
import io
import pickle
import sys
from dataclasses import is_dataclass

from horn_neuro._files import atomic_path

__all__ = ["read_piece", "write_piece"]

_LENGTH = hashlib.sha256().digest_size
# What NumPy's arrays and numbers, and Python's own containers are made by.
_MAKERS = {
    "builtins": {"bytearray", "complex", "frozenset", "range", "set", "slice"},
    "collections": {"OrderedDict"},
    "numpy": {"dtype", "ndarray"},
    "numpy._core.multiarray": {"_reconstruct", "scalar"},
    "numpy._core.numeric": {"_frombuffer"},
}


def write_piece(piece, path):
    """Write arrays, numbers, or dicts, lists and data classes of them.

    Parameters
    ----------
    piece : object
        What to keep.
    path : Path
        The file to write, complete or not at all: a pickle, and its SHA-256.

    Raises
    ------
    TypeError
        If it holds anything else.
    """
    content = pickle.dumps(piece, protocol=5)
    try:
        _Reader(io.BytesIO(content)).load()
    except pickle.UnpicklingError as error:
        raise TypeError(f"{path.stem}: cannot be kept, {error}") from None
    with atomic_path(path) as temporary:
        temporary.write_bytes(content + hashlib.sha256(content).digest())


def read_piece(path):
    """Read what `write_piece` wrote.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    piece : object

    Raises
    ------
    ValueError
        If the file is damaged, or holds anything else; no code in it is run.
    """
    content = path.read_bytes()
    content, checksum = content[:-_LENGTH], content[-_LENGTH:]
    try:
        if hashlib.sha256(content).digest() != checksum:
            raise pickle.UnpicklingError("its checksum is another one")
        return _Reader(io.BytesIO(content)).load()
    except Exception as error:  # of pickles by others
        raise ValueError(
            f"{path} is truncated, damaged or no piece of a run ({error}); delete it, and that "
            "piece of work is done again"
        ) from None


class _Reader(pickle.Unpickler):
    """Makes arrays, and data classes that are loaded already."""

    def find_class(self, module, name):
        if name in _MAKERS.get(module, ()):
            return super().find_class(module, name)
        found = sys.modules.get(module)
        for part in name.split("."):
            found = getattr(found, part, None)
        named = isinstance(found, type) and issubclass(found, tuple) and hasattr(found, "_fields")
        if not (isinstance(found, type) and is_dataclass(found)) and not named:
            raise pickle.UnpicklingError(f"{module}.{name} is no array, number or data class")
        return found
