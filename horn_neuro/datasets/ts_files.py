"""Files of the UCR and UEA time series archives (.ts)."""

from pathlib import Path

import numpy as np

from horn_neuro.datasets.sequences import Sequences

__all__ = ["read_ts"]


def read_ts(path, **options):
    """Read labelled time series from a .ts file, as the UCR and UEA archives have them.

    A header of lines with an @ ends with ``@data``; then every line is a series: channels
    between colons, numbers between commas, and its class at the end.

    Parameters
    ----------
    path : str | Path
        The file.
    **options
        Of `Sequences`, such as the step and the names of channels, which no file says.

    Returns
    -------
    sequences : Sequences
        In the order of the file; classes are in that of its header.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is damaged, has values that are missing, times of its own for every value, or
        numbers in place of classes.

    Examples
    --------
    >>> import horn_neuro as hn, os, tempfile
    >>> from pathlib import Path
    >>> lines = ["@classLabel true up down", "@data", "1,2,3:up", "3,2:down"]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "ways.ts")
    ...     _ = path.write_text(os.linesep.join(lines))
    ...     hn.datasets.read_ts(path, source="a file of mine")
    <Sequences | 2 of 2 to 3 steps, 1 channel, 2 classes, ways, a file of mine>
    """
    path = Path(path)
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no .ts file: it is no text; get it again") from None
    header, start = {}, None
    for number, line in enumerate(lines):
        if line.startswith("@"):
            name, *words = line[1:].split()
            header[name.lower()] = words
            if name.lower() == "data":
                start = number + 1
                break
    if start is None:
        raise ValueError(f"{path} is no .ts file, or is truncated: no line is @data; get it again")
    known, *classes = header.get("classlabel", ["false"])
    if known.lower() != "true" or not classes:
        raise ValueError(f"{path} has no classes (@classLabel true a b c): nothing to classify")
    if header.get("timestamps", ["false"])[0].lower() == "true":
        raise ValueError(f"{path} has a time for every value; give series of equal steps")
    series, labels = [], []
    for number, line in enumerate(lines[start:], start + 1):
        if line:
            *channels, label = line.split(":")
            series.append(_numbers(channels, f"{path}, line {number}"))
            labels.append(label.strip())
    given = {"classes": classes, "task": header.get("problemname", [path.stem])[0], **options}
    try:
        return Sequences(series, labels, **{"source": str(path), **given})
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _numbers(channels, where):
    """Return one series (ndarray, shape (n_steps, n_channels))."""
    try:
        parts = [np.array(channel.split(","), dtype=float) for channel in channels]
    except ValueError as error:
        missing = "?" in "".join(channels)
        mend = "fill in the values that are missing (?)" if missing else "get the file again"
        raise ValueError(f"{where}: {error}; {mend}") from None
    if len({len(part) for part in parts}) != 1:
        raise ValueError(
            f"{where} has channels of {', '.join(str(len(part)) for part in parts) or 'no'} "
            "steps; give as many in each, and the class at the end"
        )
    return np.stack(parts, axis=1)
