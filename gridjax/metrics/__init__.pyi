from gridjax.metrics.coding.code_book import CodeBook, code_book, with_unit_power
from gridjax.metrics.coding.few_shot_readout import few_shot_errors_cm
from gridjax.metrics.coding.fisher_information import fisher_information, local_error_cm
from gridjax.metrics.coding.nearest_neighbour import decoding_errors_cm, noise_threshold
from gridjax.metrics.coding.outside_box import OutsideBox, outside_box, outside_period_ratios
from gridjax.metrics.coding.readout_learning import unexplained_shares
from gridjax.metrics.coding.synthetic_codes import lattice_module, place_code
from gridjax.metrics.coding.vector_navigation import NavigationErrors, navigation_errors_cm
from gridjax.metrics.dimensionality import participation_ratio, two_nn
from gridjax.metrics.gridscore.autocorrelogram import autocorrelogram
from gridjax.metrics.gridscore.grid_score import GridScores, grid_score
from gridjax.metrics.lattice.lattice import Lattice
from gridjax.metrics.lattice.lattice import lattice as fit_lattice
from gridjax.metrics.lattice.modules import FEWEST as FEWEST_MODULE_UNITS
from gridjax.metrics.lattice.modules import Modules, false_module_share, modules, phase_clustering
from gridjax.metrics.nulls.chance_scores import (
    Thresholds,
    count_above,
    p_values,
    random_readout_weights,
    readout,
    thresholds,
)
from gridjax.metrics.nulls.isotropic_fields import isotropic_maps, isotropic_scores
from gridjax.metrics.ratemaps.copies import copy_of
from gridjax.metrics.ratemaps.heading_tuning import HeadingTuning, heading_tuning
from gridjax.metrics.ratemaps.occupancy import Arena, Visits, visits
from gridjax.metrics.ratemaps.rate_map import RateMaps, rate_map
from gridjax.metrics.ratemaps.time_shifts import activity_shift_scores, shift_scores
from gridjax.metrics.ratemaps.tracked_time import TrackedTime
from gridjax.metrics.robustness.diffusion import diffusion_constants
from gridjax.metrics.robustness.kalman import KalmanEstimates, kalman_filter
from gridjax.metrics.robustness.matched_units import matched_units
from gridjax.metrics.spectral.amplitude_equations import lattice_energies, preferred_lattices
from gridjax.metrics.spectral.box_modes import (
    Mode,
    Triad,
    box_modes,
    hexagonal_triads,
    nearest_modes,
)
from gridjax.metrics.spectral.pattern_formation import covariance as pattern_covariance
from gridjax.metrics.spectral.pattern_formation import grow as grow_patterns
from gridjax.metrics.spectral.radial_spectrum import RadialPower, radial_power, spectral_period
from gridjax.metrics.spectral.turing import (
    cycles_per_box,
    dos_wavenumber,
    gaussian_power,
    hexagonal_period,
    lattice_period,
    surround_power,
)
from gridjax.metrics.statistics.dip import Dip, dip_test
from gridjax.metrics.statistics.intervals import (
    Interval,
    mean_interval,
    share_interval,
    statistic_interval,
    upper_bound,
)
from gridjax.metrics.statistics.lack_of_fit import LackOfFit, lack_of_fit
from gridjax.metrics.statistics.multiple_testing import benjamini_hochberg, holm
from gridjax.metrics.statistics.permutation import sign_flip
from gridjax.metrics.statistics.power import needed_to_decide
from gridjax.metrics.statistics.variance_components import Components, slopes
from gridjax.metrics.statistics.variance_components import components as variance_components
from gridjax.metrics.statistics.variance_components import share_interval as variance_share_interval
from gridjax.metrics.topology.module_torus import ModuleTorus, module_torus, torus_units
from gridjax.metrics.topology.persistence import Bars as PersistenceBars
from gridjax.metrics.volume.grid_score_3d import Symmetry, VolumeScores, grid_score_3d

__all__ = [
    "FEWEST_MODULE_UNITS",
    "Arena",
    "CodeBook",
    "Components",
    "Dip",
    "GridScores",
    "HeadingTuning",
    "Interval",
    "KalmanEstimates",
    "LackOfFit",
    "Lattice",
    "Mode",
    "ModuleTorus",
    "Modules",
    "NavigationErrors",
    "OutsideBox",
    "PersistenceBars",
    "RadialPower",
    "RateMaps",
    "Symmetry",
    "Thresholds",
    "TrackedTime",
    "Triad",
    "Visits",
    "VolumeScores",
    "activity_shift_scores",
    "autocorrelogram",
    "benjamini_hochberg",
    "box_modes",
    "code_book",
    "copy_of",
    "count_above",
    "cycles_per_box",
    "decoding_errors_cm",
    "diffusion_constants",
    "dip_test",
    "dos_wavenumber",
    "false_module_share",
    "few_shot_errors_cm",
    "fisher_information",
    "fit_lattice",
    "gaussian_power",
    "grid_score",
    "grid_score_3d",
    "grow_patterns",
    "heading_tuning",
    "hexagonal_period",
    "hexagonal_triads",
    "holm",
    "isotropic_maps",
    "isotropic_scores",
    "kalman_filter",
    "lack_of_fit",
    "lattice_energies",
    "lattice_module",
    "lattice_period",
    "local_error_cm",
    "matched_units",
    "mean_interval",
    "module_torus",
    "modules",
    "navigation_errors_cm",
    "nearest_modes",
    "needed_to_decide",
    "noise_threshold",
    "outside_box",
    "outside_period_ratios",
    "p_values",
    "participation_ratio",
    "pattern_covariance",
    "phase_clustering",
    "place_code",
    "preferred_lattices",
    "radial_power",
    "random_readout_weights",
    "rate_map",
    "readout",
    "share_interval",
    "shift_scores",
    "sign_flip",
    "slopes",
    "spectral_period",
    "statistic_interval",
    "surround_power",
    "thresholds",
    "torus_units",
    "two_nn",
    "unexplained_shares",
    "upper_bound",
    "variance_components",
    "variance_share_interval",
    "visits",
    "with_unit_power",
]
