"""How well a network remembers a pulse: by linear theory, and as read from its states."""

import numpy as np
from scipy import linalg
from sklearn.model_selection import StratifiedKFold

from horn_neuro._quantities import random_source
from horn_neuro.analysis.edge import fixed_point
from horn_neuro.parameters import Step

__all__ = [
    "expected_frequency_recall",
    "expected_phase_recall",
    "pulse_information",
    "recall_pulses",
    "recall_time",
]

_PHASES = 2 * np.pi * np.arange(32) / 32  # over which likelihoods are averaged
_COSINES = np.stack([np.cos(_PHASES), np.sin(_PHASES)])


def pulse_information(params, pulses, delays, kick_variance):
    r"""What the state of a network tells of a weak pulse, exactly in the linear regime.

    A pulse of frequency f and phase :math:`\varphi` is the input :math:`p_f \cos\varphi +
    q_f \sin\varphi`, and leaves the state :math:`S_f (\cos\varphi, \sin\varphi)` beside the
    noise, whose covariance :math:`\Sigma` is that of a network which has always been kicked.

    Parameters
    ----------
    params : HornParameters
        A stable network, linearised at its `fixed_point`.
    pulses : array_like, shape (n_frequencies, 2, n_steps)
        p and q of every frequency, which all inputs of the network hear.
    delays : array_like of int, shape (n_delays,)
        Steps since the end of the pulse, ascending.
    kick_variance : float | array_like, shape (n_units,)
        Variance of the kicks of a unit in a step, which are independent and 0 in the mean:
        ``rate * step * amplitude**2`` of `horn_neuro.simulator.PoissonKicks`.

    Returns
    -------
    information : ndarray, shape (n_delays, 2 n_frequencies, 2 n_frequencies)
        :math:`S^\top \Sigma^{-1} S`, S of all frequencies side by side, of x and y of all
        units at each delay; a quarter of its trace per frequency is the signal-to-noise ratio
        of the cosine and the sine of the phase, in the best linear readouts.

    Raises
    ------
    ValueError
        If small deviations from the fixed point grow, so that there is no steady noise.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> params = hn.network([[0.0]], frequency_hz=20, decay_ms=200)
    >>> turn = 2 * np.pi * 0.02 * np.arange(50)  # a cycle of 20 Hz
    >>> pulses = np.array([[np.cos(turn), np.sin(turn)]])
    >>> known = hn.analysis.pulse_information(params, pulses, [0, 200], kick_variance=1e-4)
    >>> share = np.trace(known[1]) / np.trace(known[0])  # left after 200 ms
    >>> round(float(share), 2)
    0.14
    """
    n, step = params.n_units, Step(params)
    size = (step.n_x + step.n_y) * n
    place = np.tile(fixed_point(params), (step.n_x, 1)), np.zeros((step.n_y, n))
    slope = 1 - np.tanh(step.argument(*place, 0.0)) ** 2
    jacobian, kicked = step.jacobian(slope), step.n_x * n + np.arange(n)
    if (growth := np.abs(linalg.eigvals(jacobian)).max()) >= 1:
        raise ValueError(
            f"params: small deviations grow by {growth:.4g} in a step, so the network has no "
            "steady state under kicks; weaken w_rec (see critical_gain)"
        )
    noise = np.zeros((size, size))
    noise[kicked, kicked] = kick_variance
    noise = linalg.solve_discrete_lyapunov(jacobian, noise)
    push = np.zeros(size)
    push[kicked] = params.h * params.alpha * slope * params.w_in.sum(axis=1)
    push[:n] = params.h * push[kicked]
    inputs = np.moveaxis(np.asarray(pulses, float), 2, 0)
    state = np.zeros((size, inputs[0].size))
    for each in inputs.reshape(len(inputs), -1):
        state = jacobian @ state + push[:, None] * each
    seen, passed, information = np.r_[:n, kicked], 0, []
    factor = linalg.cho_factor(noise[np.ix_(seen, seen)])
    for delay in delays:
        state = np.linalg.matrix_power(jacobian, int(delay) - passed) @ state
        passed = int(delay)
        information.append(state[seen].T @ linalg.cho_solve(factor, state[seen]))
    return np.array(information)


def expected_phase_recall(information):
    r"""Share of the variance of (cos, sin) of the phase that the best linear readout explains.

    Parameters
    ----------
    information : ndarray, shape (n_delays, 2 n_frequencies, 2 n_frequencies)
        As of `pulse_information`.

    Returns
    -------
    r2 : ndarray, shape (n_delays, n_frequencies)
        For a phase drawn uniformly and a known frequency:
        :math:`1 - \mathrm{tr}\,(2 I + S_f^\top \Sigma^{-1} S_f)^{-1}`.

    Notes
    -----
    The linear estimator of least mean square error: Kay, Fundamentals of Statistical Signal
    Processing: Estimation Theory, 1993, ISBN 978-0133457117, chapter 12.

    Examples
    --------
    >>> expected_phase_recall(20 * np.eye(2)[None])  # both components at a ratio of 10
    array([[0.90909091]])
    """
    error = np.linalg.inv(_own(information) + 2 * np.eye(2))
    return 1 - np.trace(error, axis1=2, axis2=3)


def expected_frequency_recall(information, rng, n_draws=4000):
    """Share of pulses whose frequency the most likely answer gets right, their phase unknown.

    Parameters
    ----------
    information : ndarray, shape (n_delays, 2 n_frequencies, 2 n_frequencies)
        As of `pulse_information`.
    rng : int | numpy.random.Generator
        The source of randomness, or its seed.
    n_draws : int
        Pulses to draw at each delay, all frequencies equally often, with Gaussian noise.

    Returns
    -------
    accuracy : ndarray, shape (n_delays,)

    Examples
    --------
    Two frequencies, of which little is known at first, and much then:

    >>> import numpy as np, horn_neuro as hn
    >>> information = np.array([0.01 * np.eye(4), 100 * np.eye(4)])
    >>> hn.analysis.expected_frequency_recall(information, rng=1).round(1)
    array([0.5, 1. ])
    """
    rng, n_frequencies = random_source(rng), information.shape[1] // 2
    frequency, accuracy = np.arange(n_draws) % n_frequencies, []
    for one in information:
        shown = _design(frequency, rng.uniform(0, 2 * np.pi, n_draws), n_frequencies)
        values, vectors = np.linalg.eigh(one)
        root = vectors * np.sqrt(np.clip(values, 0, None))
        evidence = shown @ one + rng.normal(size=shown.shape) @ root.T
        accuracy.append(np.mean(_most_likely(evidence, _own(one)) == frequency))
    return np.array(accuracy)


def recall_pulses(states, frequency, phase, n_folds=5):
    """Read frequency and phase of pulses from states that they have left, by cross-validation.

    Learns from the other folds what each pulse leaves in the mean and how the rest varies,
    a linear encoding model, and inverts it: the linear readout of least error for the phase
    of a pulse of known frequency, and the most likely frequency for an unknown phase.

    Parameters
    ----------
    states : array_like, shape (n_trials, n_features)
        Such as x and y of all units at one delay.
    frequency : array_like of int, shape (n_trials,)
        Number of the frequency of each trial's pulse, from 0 on.
    phase : array_like, shape (n_trials,)
        Its phase in rad, drawn uniformly.
    n_folds : int
        Each has as many trials of every frequency.

    Returns
    -------
    r2 : ndarray, shape (n_frequencies,)
        1 minus the mean squared error of (cos, sin) of held-out phases; guessing has 0.
    accuracy : float
        Share of held-out trials whose frequency is told right.

    Raises
    ------
    ValueError
        If there are too few trials to learn from.

    References
    ----------
    Brouwer and Heeger, J Neurosci 2009, doi:10.1523/JNEUROSCI.3577-09.2009 (inverted encoding
    models); Efron and Morris, Biometrika 1972, doi:10.1093/biomet/59.2.335 (the shrinkage).

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> rng = np.random.default_rng(1)
    >>> frequency, phase = np.arange(200) % 2, rng.uniform(0, 2 * np.pi, 200)
    >>> columns = 2 * frequency[:, None] + [0, 1]  # each frequency moves two features
    >>> states = 0.1 * rng.normal(size=(200, 4))
    >>> states[np.arange(200)[:, None], columns] += np.column_stack([np.cos(phase), np.sin(phase)])
    >>> r2, accuracy = hn.analysis.recall_pulses(states, frequency, phase)
    >>> bool((r2 > 0.9).all()), accuracy
    (True, 1.0)
    """
    states, frequency = np.asarray(states, float), np.asarray(frequency)
    n_trials, n_features = states.shape
    n_frequencies = frequency.max() + 1
    fewest = np.bincount(frequency).min()
    least = n_features + 2 * n_frequencies + 10
    if fewest < 2 * n_folds or n_trials - -(-n_trials // n_folds) < least:
        raise ValueError(
            f"states: {n_trials} trials in {n_folds} folds, {fewest} of the rarest frequency; give "
            f"at least {2 * n_folds} of each, and {least} to learn from where there are "
            f"{n_features} features and {n_frequencies} frequencies"
        )
    design = _design(frequency, phase, n_frequencies)
    error, told = np.empty(n_trials), np.empty(n_trials, int)
    for rest, out in StratifiedKFold(n_folds).split(states, frequency):
        mean, weights, own = _encode(states[rest], design[rest])
        evidence = (states[out] - mean) @ weights
        told[out] = _most_likely(evidence, own)
        found = np.einsum(
            "fab,tfb->tfa",
            np.linalg.inv(own + 2 * np.eye(2)),
            evidence.reshape(-1, n_frequencies, 2),
        )
        shown = design[out].reshape(found.shape)
        at = np.arange(len(found)), frequency[out]
        error[out] = ((found[at] - shown[at]) ** 2).sum(axis=1)
    r2 = 1 - np.bincount(frequency, error) / np.bincount(frequency)
    return r2, float(np.mean(told == frequency))


def recall_time(delays, recall, chance=0.0):
    """For how long recall lasts: the area under it, from 0 at chance to 1 for perfect recall.

    Parameters
    ----------
    delays : array_like, shape (n_delays,)
        In any unit.
    recall : array_like, shape (..., n_delays)
        R² or share of right answers.
    chance : float
        What guessing has.

    Returns
    -------
    time : ndarray, shape (...)
        In the unit of delays, by the trapezoidal rule. Where both components of the phase
        are known at a signal-to-noise ratio of r that falls as ``exp(-2 gamma t)``, it is
        ``log(1 + r) / (2 gamma)``; where one is, at twice the ratio, ``log(1 + 2 r) / (4 gamma)``.

    Examples
    --------
    >>> float(recall_time([0, 50, 100], [1.0, 0.5, 0.0]))
    50.0
    """
    return np.trapezoid((np.asarray(recall) - chance) / (1 - chance), delays, axis=-1)


def _design(frequency, phase, n_frequencies):
    """Return (cos, sin) of each trial's phase in the columns of its frequency, 0 elsewhere."""
    shown = np.zeros((len(phase), n_frequencies, 2))
    shown[np.arange(len(phase)), frequency] = np.column_stack([np.cos(phase), np.sin(phase)])
    return shown.reshape(len(phase), -1)


def _own(information):
    """Return the block of each frequency, shape (..., n_frequencies, 2, 2)."""
    n = information.shape[-1] // 2
    each = np.arange(n)
    blocks = information.reshape(*information.shape[:-2], n, 2, n, 2)
    return np.moveaxis(blocks, -2, -3)[..., each, each, :, :]


def _most_likely(evidence, own):
    """Return the likeliest frequency for evidence S' Sigma^-1 z, any phase being as likely."""
    pairs = evidence.reshape(len(evidence), -1, 2)
    energy = np.einsum("ap,fab,bp->fp", _COSINES, own, _COSINES) / 2
    exponent = pairs @ _COSINES - energy
    top = exponent.max(axis=2)
    likelihood = top + np.log(np.exp(exponent - top[:, :, None]).mean(axis=2))
    return likelihood.argmax(axis=1)


def _encode(states, design):
    """Learn the mean, weights (n_features, 2 n_frequencies) of the evidence, information."""
    (n_trials, n_features), n_columns = states.shape, design.shape[1]
    regressors = np.column_stack([design, np.ones(n_trials)])
    response = np.linalg.lstsq(regressors, states, rcond=None)[0]
    rest = states - regressors @ response
    freedom = n_trials - n_columns - 1
    # The inverse of a covariance from few trials is too large by this factor.
    inverse = linalg.inv(rest.T @ rest) * (freedom - n_features - 1)
    signal = response[:-1].reshape(-1, 2, n_features)
    counts = (design**2).sum(axis=0).reshape(-1, 2).sum(axis=1) / 2
    values, vectors = np.linalg.eigh(signal @ inverse @ np.swapaxes(signal, 1, 2))
    # Of what was measured, some is noise: as much on average in every direction.
    spurious = max(n_features - 3, 0) / counts[:, None]
    kept = np.clip(1 - spurious / np.maximum(values, 1e-300), 0, None)
    signal = (vectors * kept[:, None]) @ np.swapaxes(vectors, 1, 2) @ signal
    weights = inverse @ signal.reshape(n_columns, n_features).T
    return response[-1], weights, _own(signal.reshape(n_columns, n_features) @ weights)
