"""The same numbers in every form that Python, NumPy, SciPy and torch have for them."""

import tempfile
from contextlib import contextmanager

import numpy as np
import torch
import xarray as xr
from hypothesis import strategies as st
from scipy import sparse


def _strided(array):
    wide = np.full([2 * n for n in array.shape], np.nan)
    every_second = (slice(None, None, 2),) * array.ndim
    wide[every_second] = array
    return wide[every_second]


def _reversed(array):
    backwards = (slice(None, None, -1),) * array.ndim
    return array[backwards].copy()[backwards]


def _read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def _unaligned(array):
    raw = np.zeros(array.nbytes + 1, np.uint8)
    view = raw[1:].view(float).reshape(array.shape)
    view[...] = array
    return view


def _mapped(array):
    with tempfile.TemporaryFile() as file:
        mapped = np.memmap(file, float, "w+", shape=array.shape)
    mapped[...] = array
    return mapped


FORMS = {
    "list": lambda array: array.tolist(),
    "tuple": lambda array: tuple(array.tolist()),
    "C": lambda array: array.copy(),
    "Fortran": np.asfortranarray,
    "strided": _strided,
    "reversed": _reversed,
    "read-only": _read_only,
    "unaligned": _unaligned,
    "memory-mapped": _mapped,
    "byte-swapped": lambda array: array.astype(array.dtype.newbyteorder()),
    "float16": lambda array: array.astype(np.float16),
    "float32": lambda array: array.astype(np.float32),
    "longdouble": lambda array: array.astype(np.longdouble),
    "masked nowhere": np.ma.masked_array,
    "torch": torch.tensor,
    "torch, to learn": lambda array: torch.tensor(array, dtype=torch.float32, requires_grad=True),
    "xarray": xr.DataArray,
}
# Those that are the same for numbers which float16 has not.
EXACT = [name for name in FORMS if name not in ("float16", "float32", "torch, to learn")]
# Those that a single number may have; a list of none is a Python float.
SCALAR = ["list", "C", "read-only", "byte-swapped", "float16", "longdouble", "torch", "xarray"]


def _with_zeros(matrix):
    """Store zeros, in an order that is none."""
    rows, columns = np.indices(matrix.shape).reshape(2, -1)[:, ::-1]
    return sparse.coo_array((matrix[rows, columns], (rows, columns)), matrix.shape)


def _twice(matrix):
    """Store every entry as two halves."""
    rows, columns = np.tile(np.indices(matrix.shape).reshape(2, -1), 2)
    values = matrix[rows, columns] / 2
    return sparse.coo_array((values, (rows, columns)), matrix.shape)


def _unsorted(matrix):
    """Have the entries of every row in descending order, with stored zeros."""
    columns = np.tile(np.arange(matrix.shape[1])[::-1], matrix.shape[0])
    first = np.arange(matrix.shape[0] + 1) * matrix.shape[1]
    return sparse.csr_array((matrix[:, ::-1].ravel(), columns, first), matrix.shape)


def _of_64_bits(matrix):
    wide = sparse.csr_array(matrix)
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    return wide


def _twice_in_a_row(matrix):
    joined = np.repeat(matrix / 2, 2, axis=1).ravel()
    columns = np.tile(np.repeat(np.arange(matrix.shape[1]), 2), matrix.shape[0])
    first = 2 * np.arange(matrix.shape[0] + 1) * matrix.shape[1]
    return sparse.csr_array((joined, columns, first), matrix.shape)


def _read_only_parts(matrix):
    frozen = sparse.csr_array(matrix)
    for part in (frozen.data, frozen.indices, frozen.indptr):
        part.flags.writeable = False
    return frozen


SPARSE = {
    **{
        f"{name}_{kind}": getattr(sparse, f"{name}_{kind}")
        for name in ("csr", "csc", "coo", "bsr", "dia", "lil", "dok")
        for kind in ("array", "matrix")
    },
    "stored zeros": _with_zeros,
    "halves": _twice,
    "halves in rows": _twice_in_a_row,
    "unsorted": _unsorted,
    "indices of 64 bits": _of_64_bits,
    "read-only parts": _read_only_parts,
    "float32 parts": lambda matrix: sparse.csr_array(matrix.astype(np.float32)),
}

# What a number or an array may also be: to be taken for what it is, or refused in words.
EXTREMES = [1e300, -1e300, 5e-324, -5e-324, 1e-160, 1e51, -0.0, np.inf, -np.inf, np.nan]
FOREIGN = [
    None,
    "text",
    b"bytes",
    1 + 1j,
    10**400,
    [[1.0], [1.0, 2.0]],
    {"a": 1},
    object(),
    np.datetime64("2026-01-01"),
    np.array("text"),
    np.array([1 + 1j]),
    np.array([None]),
    np.ma.masked_array([1.0, 2.0], [True, False]),
    np.longdouble("1e4000"),
    sparse.csr_array(np.array([[1 + 1j]])),
    sparse.coo_array(np.array([1.0, 0.0])),
    xr.DataArray(["text"]),
    torch.tensor(1j),
    torch.tensor([True]).to_sparse(),
    np.zeros(1, [("a", float)]),
    np.zeros((0,)),
    np.zeros((0, 3)),
    np.zeros((1,) * 20),
    range(2),
    iter([1.0]),
    {1.0, 2.0},
    float,
    np.float64,
]


def numbers(low=-2, high=2):
    """Draw numbers that float16 has, between two whole ones."""
    return st.integers(64 * low, 64 * high).map(lambda k: k / 64)


def arrays(shape, elements=None):
    """Draw an ndarray of float64 of `numbers`."""
    size = int(np.prod(shape))
    elements = numbers() if elements is None else elements
    listed = st.lists(elements, min_size=size, max_size=size)
    return listed.map(lambda values: np.array(values, float).reshape(shape))


def disguised(array, *, sparse_too=False, exact=False):
    """Draw a form of an array."""
    forms = {name: FORMS[name] for name in EXACT} if exact else FORMS
    forms = {**forms, **SPARSE} if sparse_too else forms
    if array.ndim == 0:
        forms = {name: form for name, form in forms.items() if name in SCALAR}
    return st.sampled_from(list(forms)).map(lambda name: forms[name](array))


def content(value):
    """Return what is to stay as it is of a value, to be compared (nested tuples of bytes)."""
    if isinstance(value, dict):
        return tuple((key, content(part)) for key, part in value.items())
    if isinstance(value, list | tuple):
        return type(value), tuple(content(part) for part in value)
    if sparse.issparse(value):
        parts = ("data", "indices", "indptr", "row", "col", "offsets", "rows")
        return tuple(content(getattr(value, part)) for part in parts if hasattr(value, part))
    if isinstance(value, torch.Tensor) and value.layout == torch.strided:
        return content(value.detach().numpy())
    if isinstance(value, np.ndarray) and value.dtype != object:
        return value.dtype.str, value.shape, value.strides, value.tobytes()
    if isinstance(value, np.ndarray):
        return content(value.tolist())
    return repr(value)


@contextmanager
def untouched(**values):
    """Let a block change nothing of what it is given."""
    before = content(values)
    yield
    assert content(values) == before
