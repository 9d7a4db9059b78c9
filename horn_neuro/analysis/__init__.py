"""Analyses: pure functions of arrays."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "agreement": ["changed_answers", "logit_margin", "trajectory_error"],
        "conditions": ["Conditions"],
        "covariance": [
            "cluster_ratio",
            "log_volume",
            "noise_covariance",
            "signal_covariance",
            "split_participation_ratio",
        ],
        "criticality": [
            "Avalanches",
            "LyapunovSpectrum",
            "autocorrelation_time",
            "avalanches",
            "circular_shifts",
            "critical_gain",
            "fit_power_law",
            "lyapunov_spectrum",
            "order_susceptibility",
        ],
        "hebbian": [
            "Alignment",
            "align",
            "by_growth",
            "explained_share",
            "hebbian_product",
            "lagged_correlation",
        ],
        "manifold": [
            "TrialMoments",
            "distance_from_cloud",
            "explained_variance",
            "fit_return",
            "participation_ratio",
        ],
        "connectivity": [
            "plv_over_time",
            "plv_over_trials",
            "ppc_over_time",
            "ppc_over_trials",
            "wpli_over_time",
            "wpli_over_trials",
        ],
        "phase": [
            "AnalyticSignal",
            "analytic_signal",
            "kuramoto_order_parameter",
            "oscillator_phase",
            "phase_coherence",
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
        "separability": ["Separability", "nested_decoding", "separability_over_time"],
        "spikes": ["field_phase", "spike_phase_locking"],
        "statistics": ["Estimate", "bootstrap", "mean_interval", "paired_difference", "proportion"],
        "synchrony": ["Synchrony", "locking_by_detuning"],
        "variability": ["variance_across_trials", "variance_within_groups"],
    },
)
