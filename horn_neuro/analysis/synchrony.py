"""Synchrony of a network: phase-locking of its pairs."""

from dataclasses import dataclass

import numpy as np

from horn_neuro.analysis.connectivity import plv_over_time, ppc_over_time, ppc_over_trials
from horn_neuro.analysis.phase import kuramoto_order_parameter

__all__ = ["Synchrony", "locking_by_detuning"]


@dataclass(frozen=True, eq=False)
class Synchrony:
    """Phase-locking of all pairs of units in one segment of a recording.

    Parameters
    ----------
    plv, ppc : ndarray, shape (n_pairs,)
        Over time, mean over trials.
    ppc_trials : ndarray, shape (n_pairs,)
        Over trials, mean over the times of the segment.
    detuning : ndarray, shape (n_pairs,)
        Difference of the natural frequencies in Hz.
    order : ndarray, shape (n_times,)
        Kuramoto order parameter, mean over trials.
    """

    plv: np.ndarray
    ppc: np.ndarray
    ppc_trials: np.ndarray
    detuning: np.ndarray
    order: np.ndarray

    @classmethod
    def of(cls, recording, segment):
        """Measure a segment of a recording with x and y and at least two trials."""
        n = recording.data.sizes["unit"]
        pairs = np.tril_indices(n, -1)
        options = {"segment": segment}
        over_trials = ppc_over_trials(recording, **options).get_data("dense")[:, :, 0]
        frequency = recording.data["frequency"].values
        return cls(
            plv=plv_over_time(recording, **options).get_data("dense").mean(axis=0)[pairs],
            ppc=ppc_over_time(recording, **options).get_data("dense").mean(axis=0)[pairs],
            ppc_trials=over_trials.mean(axis=2)[pairs],
            detuning=np.abs(frequency[pairs[0]] - frequency[pairs[1]]),
            order=kuramoto_order_parameter(recording, **options).mean(axis=0),
        )

    def summary(self):
        """Return mean and spread (standard deviation) over pairs of each measure, as floats."""
        measures = {"plv": self.plv, "ppc": self.ppc, "ppc_trials": self.ppc_trials}
        found = {f"{name} mean": float(values.mean()) for name, values in measures.items()}
        found |= {f"{name} spread": float(values.std()) for name, values in measures.items()}
        return found | {"order": float(self.order.mean())}


def locking_by_detuning(synchronies, edges):
    """Average the locking of pairs with similar frequency differences.

    Parameters
    ----------
    synchronies : list of Synchrony
        One for each seed.
    edges : array_like, shape (n_bins + 1,)
        Edges of the bins of detuning in Hz.

    Returns
    -------
    locking : ndarray, shape (n_seeds, n_bins)
        Mean PPC over time of the pairs in each bin; NaN where there is none.
    """
    rows = []
    for synchrony in synchronies:
        where = np.digitize(synchrony.detuning, edges) - 1
        inside = (where >= 0) & (where < len(edges) - 1)
        counts = np.bincount(where[inside], minlength=len(edges) - 1)
        sums = np.bincount(where[inside], synchrony.ppc[inside], minlength=len(edges) - 1)
        rows.append(np.divide(sums, counts, out=np.full(len(counts), np.nan), where=counts > 0))
    return np.array(rows)
