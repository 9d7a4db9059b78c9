"""Rows of a sweep: what is given to one task, as JSON can hold it."""

import hashlib
import itertools
import json

import numpy as np

__all__ = ["digest", "grid", "make_rows"]


def grid(**values):
    """Return every combination of some values.

    Parameters
    ----------
    **values
        The values (sequence, or a single one) of each parameter.

    Returns
    -------
    rows : list of dict
        The last parameter varies fastest.

    Raises
    ------
    ValueError
        If there are no values.

    Examples
    --------
    >>> grid(gain=[1, 2], seed=[0, 1])
    [{'gain': 1, 'seed': 0}, {'gain': 1, 'seed': 1}, {'gain': 2, 'seed': 0}, {'gain': 2, 'seed': 1}]
    """
    lists = {
        name: list(many) if np.iterable(many) and not isinstance(many, str) else [many]
        for name, many in values.items()
    }
    for name, many in lists.items():
        if not many:
            raise ValueError(f"{name} = {values[name]!r}: give at least one value")
    combinations = itertools.product(*lists.values())
    return [dict(zip(lists, row, strict=True)) for row in combinations]


def make_rows(over, seeds=None):
    """Return the rows of a grid or of samples, once for each seed.

    Parameters
    ----------
    over : dict | list of dict | DataFrame
        Values of each parameter, all combinations of which are rows; or the rows.
    seeds : sequence of int | None
        Values of a further parameter, "seed"; None for none.

    Returns
    -------
    rows : list of dict
        Of plain numbers, texts, bools, None and lists of these.

    Raises
    ------
    ValueError
        If there are no rows, rows with different parameters or twice the same, or values of
        another kind.
    """
    if isinstance(over, dict):
        rows = grid(**over)
    else:
        rows = over.to_dict("records") if hasattr(over, "to_dict") else list(over)
    if seeds is not None:
        seeds = list(seeds)
        if any(isinstance(seed, bool) or not isinstance(seed, int | np.integer) for seed in seeds):
            raise ValueError(f"seeds = {seeds!r}: give whole numbers")
        if any("seed" in row for row in rows):
            raise ValueError("seeds would overrule the seed of the rows: give one of them")
        rows = [{**row, "seed": seed} for row in rows for seed in seeds]
    if not rows:
        raise ValueError("there are no rows; give at least one value, and one seed")
    rows = [{name: _plain(name, value) for name, value in row.items()} for row in rows]
    if len({tuple(sorted(row)) for row in rows}) > 1:
        raise ValueError("rows have different parameters; give each the same ones")
    seen = {}
    for row in rows:
        if seen.setdefault(digest(row), row) is not row:
            raise ValueError(f"the row {row} comes twice; give each once")
    return rows


def digest(row):
    """Return a name (str) for a row that depends on what it holds, and on nothing else."""
    text = json.dumps(row, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(name, value):
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(name, one) for one in value]
    if isinstance(value, float) and not np.isfinite(value):
        raise ValueError(f"{name} = {value}: give finite numbers")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise ValueError(
        f"{name} = {value!r}: a row has numbers, texts, bools, None and lists of these; give what "
        "the task makes others from"
    )
