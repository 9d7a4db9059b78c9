"""What a linear readout can make of the states that a frozen network ends in."""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import RidgeClassifierCV
from sklearn.metrics import calinski_harabasz_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from horn_neuro.analysis.manifold import participation_ratio

__all__ = ["Representation", "represent"]


@dataclass(frozen=True)
class Representation:
    """How well the states of a network tell classes apart.

    Parameters
    ----------
    accuracy : float
        Of the readout on other stimuli.
    noisy_accuracy : float
        Of the same readout on noisy versions of them.
    separability : float
        Ratio of the variances between and within classes (Calinski and
        Harabasz, 1974, doi:10.1080/03610927408827101), of standardised states.
    dimension : float
        Participation ratio of the states (`participation_ratio`).

    Examples
    --------
    >>> import horn_neuro as hn
    >>> numbers = (0.8, 0.7, 20.0, 5.0), (0.9, 0.8, 30.0, 6.0)
    >>> both = [hn.analysis.Representation(*four) for four in numbers]
    >>> round(hn.analysis.Representation.mean(both).accuracy, 2)
    0.85
    """

    accuracy: float
    noisy_accuracy: float
    separability: float
    dimension: float

    @classmethod
    def mean(cls, representations):
        """Average the measures of several."""
        rows = [vars(one) for one in representations]
        return cls(**{name: float(np.mean([row[name] for row in rows])) for name in rows[0]})


def represent(fit_states, fit_labels, states, labels, noisy_states):
    """Fit a linear readout on the states of some stimuli, and measure it on those of others.

    The readout is a ridge classifier on standardised states, its penalty
    chosen by leave-one-out within the stimuli that it is fitted on.

    Parameters
    ----------
    fit_states : array_like, shape (n_fit, n_units)
        States that the readout is fitted on.
    fit_labels : array_like of int, shape (n_fit,)
        Their classes.
    states, noisy_states : array_like, shape (n_stimuli, n_units)
        States of other stimuli, as they are and with noise.
    labels : array_like of int, shape (n_stimuli,)
        Their classes.

    Returns
    -------
    representation : Representation

    Raises
    ------
    ValueError
        If there is only one class.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> rng, labels = np.random.default_rng(1), np.arange(100) % 2
    >>> states = rng.normal(size=(2, 100, 5)) + 4 * labels[:, None]
    >>> noisy = states[1] + rng.normal(size=(100, 5))
    >>> found = hn.analysis.represent(states[0], labels, states[1], labels, noisy)
    >>> found.accuracy, bool(found.separability > 100)
    (1.0, True)
    """
    if len(np.unique(fit_labels)) < 2 or len(np.unique(labels)) < 2:
        raise ValueError("labels: all stimuli are of one class; a readout needs two classes")
    scaler = StandardScaler()
    readout = make_pipeline(scaler, RidgeClassifierCV(np.logspace(-2, 4, 13)))
    readout.fit(fit_states, fit_labels)
    return Representation(
        accuracy=float(readout.score(states, labels)),
        noisy_accuracy=float(readout.score(noisy_states, labels)),
        separability=float(calinski_harabasz_score(scaler.transform(states), labels)),
        dimension=float(participation_ratio(np.cov(states, rowvar=False))),
    )
