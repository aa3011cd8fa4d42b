from gridjax.io.numbers import percent
from gridjax.report.run_data import CODES, label
from gridjax.studies import figures
from gridjax.studies.arms import Arm
from gridjax.studies.claims.claim_tests import CLAIM_TESTS, ClaimTest
from gridjax.studies.claims.claims_file import Claim, Claims, read_claims
from gridjax.studies.claims.verdicts import Verdict, judge
from gridjax.studies.designs import (
    matched_difference,
    max_departure,
    resampled_statistic,
    slope,
    variance_between,
    variance_share,
)
from gridjax.studies.estimates import (
    ANY,
    DIFFERENCES,
    Estimate,
    mean_vs_null,
    paired_difference,
    seed_contrast,
    share,
)
from gridjax.studies.evidence import Evidence
from gridjax.studies.gains import without_gain
from gridjax.studies.networks.pilots import with_best_rates
from gridjax.studies.networks.training import Request, StudyPlan, read_studies, train_studies
from gridjax.studies.output.html import write_page
from gridjax.studies.output.results import conclude
from gridjax.studies.study import Study, find_studies
from gridjax.studies.wavelengths import (
    mark_small_boxes,
    wavelengths_in_box,
    with_lattices_that_fit,
)

__all__ = [
    "ANY",
    "CLAIM_TESTS",
    "CODES",
    "DIFFERENCES",
    "Arm",
    "Claim",
    "ClaimTest",
    "Claims",
    "Estimate",
    "Evidence",
    "Request",
    "Study",
    "StudyPlan",
    "Verdict",
    "conclude",
    "figures",
    "find_studies",
    "judge",
    "label",
    "mark_small_boxes",
    "matched_difference",
    "max_departure",
    "mean_vs_null",
    "paired_difference",
    "percent",
    "read_claims",
    "read_studies",
    "resampled_statistic",
    "seed_contrast",
    "share",
    "slope",
    "train_studies",
    "variance_between",
    "variance_share",
    "wavelengths_in_box",
    "with_best_rates",
    "with_lattices_that_fit",
    "without_gain",
    "write_page",
]
