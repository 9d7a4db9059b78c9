"""Files of `torch.save`: read whole, without code, and whoever wrapped the network."""

import warnings
import zipfile

import torch

from horn_neuro._files import atomic_path

__all__ = ["read_torch", "without_wrappers", "write_torch"]

# What data parallel and compiled modules put before the names of parameters.
_WRAPPERS = ("module", "_orig_mod")
# How every zip file begins.
_ZIP = b"PK"


def write_torch(content, path):
    """Write a file of `torch.save`.

    Parameters
    ----------
    content : object
        Tensors, texts, numbers, lists and dicts.
    path : Path
        The file to write, complete or not at all.
    """
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        try:
            torch.save(content, file)
        except RuntimeError as error:
            # Of a full disk, torch hides what the file has said.
            if isinstance(error.__context__, OSError):
                raise error.__context__ from None
            raise


def read_torch(path):
    """Read a file of `torch.save`, without running what may be in it.

    Its checksums are those of the zip file that it is. Files of torch before 1.6 have none
    and are read with a warning.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    content : object
        Tensors, texts, numbers, lists and dicts.

    Raises
    ------
    ValueError
        If the file is damaged, holds other things, or asks for more memory than it has bytes.
    """
    try:
        with path.open("rb") as file:
            zipped = file.read(len(_ZIP)) == _ZIP
        if zipped:
            with zipfile.ZipFile(path) as file:
                stored = all(part.compress_type == zipfile.ZIP_STORED for part in file.filelist)
                if not stored or file.testzip() is not None:
                    raise zipfile.BadZipFile("its checksum is another one")
            # Mapped, no tensor can have more than the file, and none takes memory.
            torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ValueError(
            f"{path} is truncated, damaged or no state-dict of torch ({type(error).__name__}); "
            "save it again"
        ) from None
    if not zipped:
        warnings.warn(
            f"{path} is of torch before 1.6, without a checksum, so that damage would not "
            "show; save it again",
            stacklevel=3,
        )
    return content


def without_wrappers(state):
    """Return a state-dict with the names that its network had before it was wrapped.

    Parameters
    ----------
    state : dict of str to object
        With names such as ``module._orig_mod.h2h.weight``.

    Returns
    -------
    state : dict of str to object
    """
    return {
        ".".join(part for part in name.split(".") if part not in _WRAPPERS): value
        for name, value in state.items()
    }
