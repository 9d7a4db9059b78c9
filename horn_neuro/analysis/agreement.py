"""How well two simulations of the same network agree, over time and in their decisions."""

import numpy as np

__all__ = ["changed_answers", "logit_margin", "trajectory_error"]


def trajectory_error(found, expected):
    """Largest difference at each time, relative to the largest value at that time.

    Parameters
    ----------
    found, expected : array_like, shape (n_trials, n_units, n_times)
        The same signal from two simulations.

    Returns
    -------
    error : ndarray, shape (n_times,)
        Zero where both are zero everywhere.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> x = np.ones((1, 2, 3))  # trials, units, times
    >>> hn.analysis.trajectory_error(x + [0.0, 0.0, 0.5], x)
    array([0. , 0. , 0.5])
    """
    found, expected = np.asarray(found), np.asarray(expected)
    difference = np.abs(found - expected).max(axis=(0, 1))
    scale = np.abs(expected).max(axis=(0, 1))
    return np.divide(difference, scale, out=difference.copy(), where=scale > 0)


def logit_margin(logits):
    """Distance of the winning logit from the second: what an error must exceed to change a label.

    Parameters
    ----------
    logits : array_like, shape (n_trials, n_classes)
        Outputs of a classifier with at least two classes.

    Returns
    -------
    margin : ndarray, shape (n_trials,)
        At least 0.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> hn.analysis.logit_margin([[1.0, 4.0, 3.5], [2.0, 0.0, 0.0]])
    array([0.5, 2. ])
    """
    second, first = np.partition(np.asarray(logits), -2, axis=1)[:, -2:].T
    return first - second


def changed_answers(logits, expected):
    """List the trials in which two classifiers give different answers.

    Parameters
    ----------
    logits, expected : array_like, shape (n_trials, n_classes)
        Outputs of either.

    Returns
    -------
    changed : list of dict
        "trial" (its index), "answer", "expected", and the "margin" of the
        expected one (`logit_margin`).

    Examples
    --------
    >>> import horn_neuro as hn
    >>> hn.analysis.changed_answers([[1.0, 2.0], [3.0, 0.0]], [[1.0, 2.0], [0.0, 0.5]])
    [{'trial': 1, 'answer': 0, 'expected': 1, 'margin': 0.5}]
    """
    answers, wanted = np.argmax(logits, axis=1), np.argmax(expected, axis=1)
    margin = logit_margin(expected)
    return [
        {
            "trial": int(k),
            "answer": int(answers[k]),
            "expected": int(wanted[k]),
            "margin": float(margin[k]),
        }
        for k in np.flatnonzero(answers != wanted)
    ]
