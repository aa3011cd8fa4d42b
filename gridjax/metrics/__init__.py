"""Measures of maps, lattices, spectra and populations: functions of arrays.

Rate maps and their scores
    rate_map, RateMaps, Arena; visits, Visits, TrackedTime, shift_scores,
    activity_shift_scores; autocorrelogram; grid_score, GridScores.
    grid_score_3d, VolumeScores, Symmetry: maps of a volume.
    copy_of: units whose maps are copies of each other.

Lattices
    fit_lattice, Lattice: period, orientation and ellipticity of a map's lattice.
    modules, Modules, false_module_share, FEWEST_MODULE_UNITS: units that share a lattice.
    phase_clustering: whether the phases of a module tile its unit cell.
    heading_tuning, HeadingTuning: tuning to the heading beyond that to position.

Null distributions
    random_readout_weights, readout: scores of a target code without a network.
    isotropic_maps, isotropic_scores: random fields with a map's spectrum.
    p_values, thresholds, Thresholds: comparison of a score with null scores.
    count_above: how many units are above a percentile of null scores by chance.

Spectra and theory
    radial_power, RadialPower, spectral_period; box_modes, nearest_modes, hexagonal_triads, Mode,
    Triad.
    gaussian_power, surround_power, dos_wavenumber, cycles_per_box, lattice_period,
    hexagonal_period: the lattice that a place code selects.
    lattice_energies, preferred_lattices: amplitude equations of the lattices of a volume.
    pattern_covariance, grow_patterns: patterns that grow on a code's covariance.

Position codes
    code_book, CodeBook, with_unit_power: rates at the bins of maps, at equal power.
    fisher_information, local_error_cm: local precision.
    decoding_errors_cm, noise_threshold: nearest-neighbour decoding, and the noise it tolerates.
    few_shot_errors_cm, navigation_errors_cm, NavigationErrors, unexplained_shares: linear readouts
    of positions, of displacements, and of new targets.
    outside_box, OutsideBox, outside_period_ratios: a code beyond the walls of the box.
    diffusion_constants: growth of a squared error over moves.
    kalman_filter, KalmanEstimates: positions from noisy moves and noisy landmarks.
    lattice_module, place_code: synthetic codes. matched_units: units of equal rates.

Dimensionality
    participation_ratio, two_nn.

Topology
    module_torus, ModuleTorus, PersistenceBars: the torus of a module (extra ``torus``).
    torus_units: the units of the largest module.

Statistics over networks and seeds
    mean_interval, statistic_interval, share_interval, upper_bound, Interval; sign_flip; holm,
    benjamini_hochberg; needed_to_decide; dip_test, Dip; lack_of_fit, LackOfFit; slopes,
    variance_components, Components, variance_share_interval.
"""

from gridjax import lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
