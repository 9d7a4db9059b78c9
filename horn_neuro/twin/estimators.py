"""Networks of oscillators as scikit-learn's estimators."""

import tempfile

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted
from tqdm import tqdm

from horn_neuro._quantities import floats, number, whole
from horn_neuro.datasets import Sequences
from horn_neuro.parameters import HornParameters, resolve_seed, trainable
from horn_neuro.twin.network import HornNetwork
from horn_neuro.twin.task import Task
from horn_neuro.twin.training import TrainingConfig, train

__all__ = ["HornClassifier", "HornRegressor"]

CHUNK = 500  # sequences to predict at a time


class _HornEstimator(BaseEstimator):
    """What classifier and regressor share: sequences in, outputs of a trained network out."""

    def __init__(
        self,
        n_units=64,
        *,
        epochs=30,
        batch_size=32,
        learning_rate=1e-2,
        optimizer="adamw",
        heterogeneous=True,
        params=None,
        validation_fraction=0.1,
        patience=None,
        backend="auto",
        random_state=None,
        verbose=False,
    ):
        self.n_units = n_units
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.optimizer = optimizer
        self.heterogeneous = heterogeneous
        self.params = params
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.backend = backend
        self.random_state = random_state
        self.verbose = verbose

    def _fit(self, sequences, labels):
        """Train a network on sequences, and classes or numbers as a tensor."""
        share = number("validation_fraction", self.validation_fraction, above=0)
        n_validation = max(1, round(share * len(sequences)))
        n_training = len(sequences) - n_validation
        if n_training < 1:
            raise ValueError(
                f"validation_fraction = {share:g} leaves none of {len(sequences)} sequences to "
                "train with; give less, or more sequences"
            )
        seed = _seed(self.random_state)
        n_outputs = int(labels.max()) + 1 if labels.ndim == 1 else labels.shape[1]
        params = self._initial(sequences, n_outputs, seed)
        mean, scale = _standard(sequences)
        task = Task(
            torch.from_numpy(((sequences.inputs - mean) / scale).astype(np.float32)),
            labels,
            n_validation,
            torch.from_numpy(sequences.lengths) if sequences.ragged else None,
        )
        config = TrainingConfig(
            epochs=self.epochs,
            batch_size=min(whole("batch_size", self.batch_size), n_training),
            learning_rate=self.learning_rate,
            optimizer=self.optimizer,
            patience=self.patience,
            seed=seed,
        )
        model = HornNetwork(params, self.backend)
        with (
            tempfile.TemporaryDirectory() as scratch,
            tqdm(total=config.epochs, unit="epoch", disable=not self.verbose) as bar,
        ):

            def tell(row):
                bar.set_postfix_str(f"loss {row['loss']:.3g}, {row['validation_loss']:.3g}")
                bar.update()

            metrics, best = train(model, task, config, scratch, progress=tell)
        model.load_state_dict(best)
        self.history_ = metrics
        self.params_ = _for_raw_inputs(model.to_parameters(), mean, scale)
        if sequences.step is not None:
            self.params_ = self.params_.replace(step=sequences.step)
        self.n_channels_ = params.n_inputs
        return self

    def _initial(self, sequences, n_outputs, seed):
        """Return the network to train, which fits the sequences."""
        n_channels, longest = sequences.inputs.shape[2], int(sequences.lengths.max())
        if self.params is None:
            sizes = (self.n_units, n_channels, n_outputs, longest)
            return trainable(*sizes, heterogeneous=self.heterogeneous, seed=seed)
        params = self.params
        if not isinstance(params, HornParameters):
            raise ValueError(f"params = {params!r}: give HornParameters, or None")
        if (params.n_inputs, params.n_outputs) != (n_channels, n_outputs):
            raise ValueError(
                f"params has {params.n_inputs} inputs and {params.n_outputs} outputs; these "
                f"sequences ask for {n_channels} and {n_outputs}"
            )
        return params

    def _outputs(self, X):
        """Return the network's outputs (ndarray, shape (n_sequences, n_outputs))."""
        check_is_fitted(self)
        sequences = _as_sequences(X)
        if sequences.inputs.shape[2] != self.n_channels_:
            raise ValueError(
                f"X has {sequences.inputs.shape[2]} channels, but it was fitted on "
                f"{self.n_channels_}"
            )
        network = HornNetwork(self.params_, self.backend, dtype=torch.float64)
        outputs = []
        with torch.no_grad():
            for first in range(0, len(sequences), CHUNK):
                part = sequences[first : first + CHUNK]
                lengths = torch.from_numpy(part.lengths) if part.ragged else None
                outputs.append(network(torch.from_numpy(part.inputs), lengths=lengths).logits)
        return torch.cat(outputs).numpy()

    def to_parameters(self):
        """Return the trained network (HornParameters), for raw sequences, Brian2 and files."""
        check_is_fitted(self)
        return self.params_


class HornClassifier(ClassifierMixin, _HornEstimator):
    """Classify time series by a network of oscillators, trained by backpropagation through time.

    Parameters
    ----------
    n_units : int
        Oscillators.
    epochs : int
        Times that every sequence is shown, at most.
    batch_size : int
        Sequences a step; fewer, if there are not as many.
    learning_rate : float
        The highest of the one-cycle schedule.
    optimizer : 'adamw' | 'sgd' | 'muon'
        As in `horn_neuro.twin.TrainingConfig`; 'muon' is worth a try for long sequences.
    heterogeneous : bool
        As in `horn_neuro.trainable`, which makes the network.
    params : HornParameters | None
        A network of your own to train, in place of that; it has the sizes of the data.
    validation_fraction : float
        Share of the sequences that chooses the epoch whose network is kept.
    patience : int | None
        Epochs without a lower validation loss after which training stops.
    backend : str
        As in `horn_neuro.HornNetwork`.
    random_state : int | numpy.random.RandomState | None
        Source of all randomness.
    verbose : bool
        Whether to show a progress bar.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
        Names of the classes.
    params_ : HornParameters
        The trained network. Channels are standardized in training, by mean and standard
        deviation of what it is fitted on; the network has this in its weights, and takes
        raw sequences. Its step is that of `horn_neuro.datasets.Sequences`, where it has one.
    history_ : list of dict
        Losses and accuracies of every epoch.
    n_channels_ : int
        Of the sequences.

    Examples
    --------
    >>> import horn_neuro as hn, numpy as np
    >>> X = np.sin(np.outer(1 + np.arange(60) % 2, np.arange(40) / 4))
    >>> model = hn.HornClassifier(8, epochs=30, random_state=1).fit(X, np.arange(60) % 2)
    >>> model.score(X, np.arange(60) % 2)
    1.0
    """

    def fit(self, X, y):
        """Train.

        Parameters
        ----------
        X : array_like, shape (n, n_steps) or (n, n_steps, n_channels) | list of array_like
            Sequences; those of a list may have a length of their own each,
            (n_steps,) or (n_steps, n_channels).
        y : array_like, shape (n,)
            Classes.

        Returns
        -------
        self : HornClassifier

        Raises
        ------
        ValueError
            If a sequence is empty or not finite, channels differ, or there is one class only.
        """
        check_classification_targets(y)
        sequences = _as_sequences(X, len(np.asarray(y)))
        self.classes_, labels = np.unique(np.asarray(y), return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y has one class, {self.classes_[0]!r}; give two or more")
        return self._fit(sequences, torch.from_numpy(labels.astype(np.int64)))

    def predict_proba(self, X):
        """Return the probability of each class, ndarray of shape (n, n_classes)."""
        return torch.softmax(torch.from_numpy(self._outputs(X)), 1).numpy()

    def predict(self, X):
        """Return the most probable class of each sequence, ndarray of shape (n,)."""
        outputs = self._outputs(X)
        return self.classes_[outputs.argmax(1)]


class HornRegressor(RegressorMixin, _HornEstimator):
    """Tell numbers from time series by a network of oscillators.

    Parameters
    ----------
    n_units : int
        Oscillators.
    epochs, batch_size, learning_rate, optimizer, heterogeneous, params
        As in `HornClassifier`.
    validation_fraction, patience, backend, random_state, verbose
        As in `HornClassifier`.

    Attributes
    ----------
    params_ : HornParameters
        The trained network, for raw sequences; it tells the numbers as they are.
    history_ : list of dict
        Losses of every epoch, and shares of variance that were told.
    n_channels_ : int
        Of the sequences.

    Examples
    --------
    How wide does a series swing?

    >>> import horn_neuro as hn, numpy as np
    >>> width = np.linspace(0.5, 2, 60)
    >>> X = width[:, None] * np.sin(np.arange(40) / 4)
    >>> model = hn.HornRegressor(8, epochs=20, batch_size=6, random_state=1).fit(X, width)
    >>> model.score(X, width) > 0.9
    True
    """

    def fit(self, X, y):
        """Train by the squared error of standardized numbers.

        Parameters
        ----------
        X : array_like | list of array_like
            As in `HornClassifier.fit`.
        y : array_like, shape (n,) or (n, n_outputs)
            Numbers.

        Returns
        -------
        self : HornRegressor
        """
        targets = floats("y", y)
        sequences = _as_sequences(X, len(targets))
        if targets.ndim not in (1, 2) or not np.isfinite(targets).all():
            raise ValueError(
                f"y of shape {targets.shape}: give finite numbers of shape (n,) or (n, n_outputs)"
            )
        self._flat = targets.ndim == 1
        targets = targets.reshape(len(targets), -1)
        mean, scale = targets.mean(axis=0), targets.std(axis=0)
        scale = np.where(scale > 0, scale, 1.0)
        self._fit(sequences, torch.from_numpy(((targets - mean) / scale).astype(np.float32)))
        readout = {"w_out": scale[:, None] * self.params_.w_out}
        readout["b_out"] = scale * self.params_.b_out + mean
        self.params_ = self.params_.replace(**readout)
        return self

    def predict(self, X):
        """Return numbers, ndarray of the shape that `y` had."""
        outputs = self._outputs(X)
        return outputs[:, 0] if self._flat else outputs


def _as_sequences(X, n=None):
    """Return what scikit-learn calls X as `Sequences`, with labels that mean nothing."""
    if isinstance(X, Sequences):
        return X
    count = len(X) if n is None else n
    if len(X) != count:
        raise ValueError(f"X has {len(X)} sequences, and y {count}; give as many")
    return Sequences(X, np.zeros(count, dtype=np.int64))


def _seed(random_state):
    """Return a seed (int) of what scikit-learn takes, but leave NumPy's global state alone."""
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    return resolve_seed(random_state)


def _standard(sequences):
    """Return mean and standard deviation of every channel, of the steps that there are."""
    inside = np.arange(sequences.inputs.shape[1]) < sequences.lengths[:, None]
    steps = sequences.inputs[inside]
    scale = steps.std(axis=0)
    return steps.mean(axis=0), np.where(scale > 0, scale, 1.0)


def _for_raw_inputs(params, mean, scale):
    """Return the network that answers raw inputs as `params` does standardized ones."""
    w_in = params.w_in / scale
    return params.replace(w_in=w_in, b_in=params.b_in - w_in @ mean)
