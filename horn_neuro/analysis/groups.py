"""Connectivity within and between groups of channels."""

from itertools import combinations_with_replacement

import numpy as np
import pandas as pd

__all__ = ["mean_over_groups"]


def mean_over_groups(connectivity, groups):
    """Average connectivity over the pairs within and between groups.

    Parameters
    ----------
    connectivity : mne_connectivity container
        Of all pairs, as `plv_over_time` and the others return it.
    groups : dict of str to list
        Names of channels, or their indices, by the name of the group.

    Returns
    -------
    means : pandas.DataFrame, shape (n_groups, n_groups)
        Over pairs of two different channels, trials, frequencies and times; nan where a
        group of one has no pairs within.

    Raises
    ------
    ValueError
        If there is no group, a channel is unknown, or belongs to a group twice.

    Examples
    --------
    >>> import numpy as np
    >>> from horn_neuro import analysis
    >>> t = np.arange(400) / 200
    >>> waves = np.sin(2 * np.pi * np.array([10, 10, 14])[:, None] * t)[None]
    >>> plv = analysis.plv_over_time(waves, band=(8, 16), sfreq=200.0)
    >>> analysis.mean_over_groups(plv, {"slow": [0, 1], "fast": [2]}).round(1).values.tolist()
    [[1.0, 0.0], [0.0, nan]]
    """
    names = list(connectivity.names)
    members = {group: _indices(group, channels, names) for group, channels in groups.items()}
    if not members:
        raise ValueError("groups is empty; give names of channels by the name of their group")
    dense = connectivity.get_data("dense")
    first = int("epochs" in connectivity.dims)
    dense = np.moveaxis(dense, (first, first + 1), (0, 1))
    means = dense.reshape(len(names), len(names), -1).mean(axis=2)
    if not np.triu(means, 1).any():  # containers over trials have one triangle
        means = means + np.tril(means, -1).T
    table = pd.DataFrame(np.nan, index=list(members), columns=list(members))
    for one, other in combinations_with_replacement(members, 2):
        pairs = [(j, k) for j in members[one] for k in members[other] if j != k]
        if pairs:
            table.loc[one, other] = table.loc[other, one] = np.mean([means[p] for p in pairs])
    return table


def _indices(group, channels, names):
    """Return the indices of channels that are given by name or by index."""
    found = []
    for channel in channels:
        known = channel in names if isinstance(channel, str) else -1 < channel < len(names)
        if not known:
            raise ValueError(f"groups[{group!r}] has {channel!r}; there are {', '.join(names)}")
        found.append(names.index(channel) if isinstance(channel, str) else int(channel))
    if len(set(found)) < len(found) or not found:
        raise ValueError(f"groups[{group!r}] = {list(channels)}: give each channel once")
    return found
