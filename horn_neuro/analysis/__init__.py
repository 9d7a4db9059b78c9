"""Measures of arrays, Recordings and Epochs, by topic.

- Resonance: discrete_gain, continuous_gain, GainCurve, fit_sine, describing_function,
  input_spectrum, predicted_variance.
- Memory: pulse_information, expected_phase_recall, expected_frequency_recall, recall_pulses,
  recall_time.
- Phase: oscillator_phase, oscillator_signal, effective_omega, analytic_signal, AnalyticSignal.
- Phase-locking: plv_over_time, plv_over_trials, ppc_over_time, ppc_over_trials, windowed_plv,
  wpli_over_time, mean_over_groups, wpli_over_trials, wpli2_debiased_over_trials,
  phase_coherence, pair_locking, spread_over_pairs, kuramoto_order_parameter,
  order_susceptibility.
- Waves: dispersion, Dispersion, driven_wave, lattice_field, leading_mode, LeadingMode,
  measure_wave, Wave, classify_wave, fourier_quadrants, flow_divergence, vortices,
  vortex_lifetimes, winding_number, superposition_error.
- Edge and chaos: critical_gain, fixed_point, lyapunov_spectrum, LyapunovSpectrum,
  autocorrelation_time, avalanches, Avalanches, avalanches_against_shifts, fit_power_law,
  circular_shifts.
- Rest, stimulus, rebound: noise_and_signal, noise_covariance, signal_covariance,
  signal_over_time, participation_ratio, split_participation_ratio, log_volume, cluster_ratio,
  fit_return.
- Decoding and representation: nested_decoding, decoding_accuracy, separability_over_time,
  Separability, represent, Representation, explained_share.
- Hebbian alignment: align, Alignment, hebbian_product, lagged_correlation, pair_correlation,
  shuffled_pairs, by_growth.
- Spikes: spike_phase_locking, field_phase.
- Agreement of simulators: trajectory_error, logit_margin, changed_answers.
- Statistics: Estimate, mean_interval, paired_difference, proportion, bootstrap, holm.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "agreement": ["changed_answers", "logit_margin", "trajectory_error"],
        "covariance": [
            "cluster_ratio",
            "log_volume",
            "noise_and_signal",
            "noise_covariance",
            "signal_covariance",
            "signal_over_time",
            "split_participation_ratio",
        ],
        "criticality": [
            "Avalanches",
            "autocorrelation_time",
            "avalanches",
            "avalanches_against_shifts",
            "circular_shifts",
            "fit_power_law",
            "order_susceptibility",
        ],
        "edge": ["LyapunovSpectrum", "critical_gain", "fixed_point", "lyapunov_spectrum"],
        "linear_waves": ["Dispersion", "dispersion", "driven_wave"],
        "hebbian": [
            "Alignment",
            "align",
            "by_growth",
            "explained_share",
            "hebbian_product",
            "lagged_correlation",
            "pair_correlation",
            "shuffled_pairs",
        ],
        "manifold": ["fit_return", "participation_ratio"],
        "groups": ["mean_over_groups"],
        "connectivity": [
            "plv_over_time",
            "plv_over_trials",
            "ppc_over_time",
            "ppc_over_trials",
            "wpli2_debiased_over_trials",
            "wpli_over_time",
            "wpli_over_trials",
        ],
        "modes": ["LeadingMode", "fourier_quadrants", "lattice_field", "leading_mode"],
        "phase": [
            "AnalyticSignal",
            "analytic_signal",
            "effective_omega",
            "kuramoto_order_parameter",
            "oscillator_phase",
            "oscillator_signal",
            "phase_coherence",
        ],
        "recall": [
            "expected_frequency_recall",
            "expected_phase_recall",
            "pulse_information",
            "recall_pulses",
            "recall_time",
        ],
        "representation": ["Representation", "represent"],
        "resonance": [
            "GainCurve",
            "continuous_gain",
            "describing_function",
            "discrete_gain",
            "fit_sine",
            "input_spectrum",
            "predicted_variance",
        ],
        "separability": [
            "Separability",
            "decoding_accuracy",
            "nested_decoding",
            "separability_over_time",
        ],
        "spikes": ["field_phase", "spike_phase_locking"],
        "statistics": [
            "Estimate",
            "bootstrap",
            "holm",
            "mean_interval",
            "paired_difference",
            "proportion",
        ],
        "synchrony": ["pair_locking", "spread_over_pairs", "windowed_plv"],
        "winding": ["vortex_lifetimes", "vortices", "winding_number"],
        "waves": [
            "Wave",
            "classify_wave",
            "flow_divergence",
            "measure_wave",
            "superposition_error",
        ],
    },
)
