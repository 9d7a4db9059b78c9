"""Can a linear readout tell the classes apart from a snapshot of the network?"""

from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from scipy import stats
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedGroupKFold,
    StratifiedKFold,
    cross_val_predict,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from horn_neuro.analysis.statistics import Estimate

__all__ = ["Separability", "decoding_accuracy", "nested_decoding", "separability_over_time"]


@dataclass(frozen=True)
class Separability:
    """Cross-validated decoding at a series of times.

    Parameters
    ----------
    correct : ndarray of bool, shape (n_trials, n_times)
        Whether each held-out trial was assigned to its class.
    null : ndarray, shape (n_permutations, n_times)
        Accuracies with permuted labels.
    chance : float
        1 / number of classes.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> correct = np.array([[True, True], [False, True], [True, True]])  # trials, times
    >>> found = hn.analysis.Separability(correct, null=np.full((19, 2), 0.5), chance=0.5)
    >>> found.accuracy.round(2), found.p_value
    (array([0.67, 1.  ]), 0.05)
    """

    correct: np.ndarray
    null: np.ndarray
    chance: float

    @property
    def accuracy(self):
        """Share of correct trials at each time, shape (n_times,)."""
        return self.correct.mean(axis=0)

    @property
    def p_value(self):
        """Probability (float) of the best accuracy over all times under permuted labels.

        The maximum over times is compared with the maxima of the permutations,
        so the number of times looked at is accounted for.
        """
        exceeding = np.sum(self.null.max(axis=1) >= self.accuracy.max())
        return float((1 + exceeding) / (1 + len(self.null)))


def separability_over_time(snapshots, labels, groups, *, n_permutations=0, n_folds=5, seed=0):
    """Decode the class of a trial from the states of all units, at each time anew.

    A linear support vector machine on standardised states, in stratified
    cross-validation that keeps the trials of a group on one side: the same
    stimulus is never both in training and in test.

    Parameters
    ----------
    snapshots : array_like, shape (n_trials, n_units, n_times)
        States, for example x at some times.
    labels : array_like of int, shape (n_trials,)
        Class of every trial; all trials of a group have the same.
    groups : array_like of int, shape (n_trials,)
        The stimulus of every trial.
    n_permutations : int
        How often labels are permuted among the groups for the null distribution.
    n_folds : int
        Folds of the cross-validation.
    seed : int
        Seed of folds and permutations.

    Returns
    -------
    separability : Separability

    Raises
    ------
    ValueError
        If there is only one class, a group has several labels, or a class has
        fewer groups than there are folds.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> labels = np.arange(40) % 2
    >>> snapshots = np.random.default_rng(1).normal(size=(40, 3, 2))
    >>> snapshots[:, 0, 1] += 6 * labels  # classes part at the second time
    >>> found = hn.analysis.separability_over_time(snapshots, labels, groups=np.arange(40))
    >>> bool(found.accuracy[1] > 0.95 > found.accuracy[0])
    True
    """
    snapshots, labels, groups = (np.asarray(array) for array in (snapshots, labels, groups))
    _, first, group_index = np.unique(groups, return_index=True, return_inverse=True)
    group_labels = labels[first]
    if (group_labels[group_index] != labels).any():
        raise ValueError("labels: trials of one group have different labels")
    classes, counts = np.unique(group_labels, return_counts=True)
    if len(classes) < 2:
        raise ValueError(
            f"labels: all trials are of class {classes[0]}; decoding needs two classes"
        )
    if counts.min() < n_folds:
        raise ValueError(
            f"class {classes[counts.argmin()]} has {counts.min()} stimuli, fewer than the "
            f"{n_folds} folds; show more of them, or lower n_folds"
        )
    rng = np.random.default_rng(seed)
    permuted = [rng.permutation(group_labels)[group_index] for _ in range(n_permutations)]
    # Threads: most of the time is spent in libsvm, outside the interpreter's lock.
    decoded = Parallel(n_jobs=-1, prefer="threads")(
        delayed(_decode)(snapshots, y, groups, n_folds, seed) for y in [labels, *permuted]
    )
    null = np.array(
        [(row == y[:, None]).mean(axis=0) for row, y in zip(decoded[1:], permuted, strict=True)]
    )
    null = null.reshape(n_permutations, snapshots.shape[2])
    return Separability(decoded[0] == labels[:, None], null, 1 / len(classes))


def _decode(snapshots, labels, groups, n_folds, seed):
    """Return the predicted label of every trial at every time, shape (n_trials, n_times)."""
    folds = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    classifier = make_pipeline(StandardScaler(), SVC(kernel="linear", random_state=seed))
    predicted = np.empty(snapshots.shape[::2], labels.dtype)
    for train, test in folds.split(snapshots[:, :, 0], labels, groups):
        for k in range(snapshots.shape[2]):
            classifier.fit(snapshots[train, :, k], labels[train])
            predicted[test, k] = classifier.predict(snapshots[test, :, k])
    return predicted


def decoding_accuracy(correct, chance):
    """Accuracy at one time that was fixed beforehand, with an exact test against chance.

    Parameters
    ----------
    correct : array_like of bool, shape (n_trials,)
        Whether each held-out trial, of a stimulus of its own, was assigned to its class.
    chance : float
        Share that guessing would get right.

    Returns
    -------
    accuracy : Estimate
        In %, with the interval of Clopper and Pearson (1934, doi:10.1093/biomet/26.4.404) and
        the one-sided exact binomial p-value.

    Examples
    --------
    >>> print(decoding_accuracy([True] * 6 + [False] * 4, 0.1))
    60 [26, 88] %
    """
    correct = np.asarray(correct, bool)
    hits, n = int(correct.sum()), len(correct)
    p_value = float(stats.binomtest(hits, n, chance, alternative="greater").pvalue)
    low, high = stats.binomtest(hits, n).proportion_ci(0.95, method="exact")
    return Estimate(hits / n, low, high, n=n, p_value=p_value).scaled(100, "%")


def nested_decoding(states, labels, *, n_folds=5, seed=0):
    """Decode classes from states, choosing the regularisation inside the training folds.

    Parameters
    ----------
    states : array_like, shape (n_trials, n_units)
        One state of each trial, each of another stimulus.
    labels : array_like of int, shape (n_trials,)
        Classes.
    n_folds : int
        Folds of the outer cross-validation; the inner one has 3.
    seed : int
        Seed of the folds.

    Returns
    -------
    correct : ndarray of bool, shape (n_trials,)
        Whether each held-out trial was assigned to its class.

    Raises
    ------
    ValueError
        If there is only one class, or a class has too few trials.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> labels = np.arange(40) % 2
    >>> states = np.random.default_rng(1).normal(size=(40, 3)) + 6 * labels[:, None]
    >>> float(hn.analysis.nested_decoding(states, labels).mean())
    1.0
    """
    labels = np.asarray(labels)
    classes, counts = np.unique(labels, return_counts=True)
    if len(classes) < 2:
        raise ValueError(
            f"labels: all trials are of class {classes[0]}; decoding needs two classes"
        )
    if counts.min() < max(n_folds, 4):
        raise ValueError(
            f"class {classes[counts.argmin()]} has {counts.min()} trials; nested folds need at "
            f"least {max(n_folds, 4)}"
        )
    classifier = GridSearchCV(
        make_pipeline(StandardScaler(), SVC(kernel="linear", random_state=seed)),
        {"svc__C": [0.01, 0.1, 1.0, 10.0]},
        cv=StratifiedKFold(3, shuffle=True, random_state=seed),
    )
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    return cross_val_predict(classifier, np.asarray(states), labels, cv=folds) == labels
