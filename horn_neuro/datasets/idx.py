"""IDX files, the format of the original MNIST distribution."""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np

__all__ = ["read_idx"]


def read_idx(path):
    """Read one IDX file of unsigned bytes, plain or gzip.

    Parameters
    ----------
    path : str | Path
        The file.

    Returns
    -------
    values : ndarray of uint8
        In the shape that the header declares.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is truncated, damaged, or not IDX.

    Examples
    --------
    >>> import horn_neuro as hn, tempfile
    >>> from pathlib import Path
    >>> header = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3])  # bytes, two axes of 2 and 3
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "train-images-idx2-ubyte")
    ...     _ = path.write_bytes(header + bytes([1, 2, 3, 4, 5, 6]))
    ...     hn.datasets.read_idx(path)
    array([[1, 2, 3],
           [4, 5, 6]], dtype=uint8)
    """
    path = Path(path)
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        try:
            raw = gzip.decompress(raw)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(
                f"{path} is a truncated or damaged gzip file ({error}); get it again"
            ) from None
    # Two zero bytes, the type (8 is unsigned byte), the number of dimensions.
    if len(raw) < 4 or raw[:3] != b"\0\0\x08" or len(raw) < 4 + 4 * raw[3]:
        raise ValueError(f"{path} is not an IDX file of bytes: its first bytes are {raw[:4]!r}")
    n_dims = raw[3]
    shape = struct.unpack(f">{n_dims}I", raw[4 : 4 + 4 * n_dims])
    found, expected = len(raw) - 4 - 4 * n_dims, math.prod(shape)
    if found != expected:
        raise ValueError(
            f"{path} is truncated or damaged: its header declares {expected} bytes of shape "
            f"{shape}, but {found} follow; get it again"
        )
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * n_dims).reshape(shape)
