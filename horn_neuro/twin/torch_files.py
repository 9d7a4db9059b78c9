"""Reading files of `torch.save`: whole, without code, and whoever wrapped the network."""

import zipfile

import torch

__all__ = ["read_torch", "without_wrappers"]

# What data parallel and compiled modules put before the names of parameters.
_WRAPPERS = ("module", "_orig_mod")


def read_torch(path):
    """Read a file of `torch.save`, without running what may be in it.

    Its checksums are those of the zip file that it is; files of torch before 1.6 have none.

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
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as file:
                stored = all(part.compress_type == zipfile.ZIP_STORED for part in file.filelist)
                if not stored or file.testzip() is not None:
                    raise zipfile.BadZipFile("its checksum is another one")
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ValueError(
            f"{path} is truncated, damaged or no state-dict of torch ({type(error).__name__}); "
            "save it again"
        ) from None
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
