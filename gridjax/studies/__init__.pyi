from gridjax.io.numbers import percent
from gridjax.report.run_data import CODES, label
from gridjax.studies import figures
from gridjax.studies.claims_file import Claim, Claims, read_claims
from gridjax.studies.designs import carried, matched, resampled, slope, stands_out, variance_between
from gridjax.studies.estimates import (
    ANY,
    DIFFERENCES,
    Estimate,
    difference,
    mean_of,
    nothing,
    paired,
    share_of,
)
from gridjax.studies.evidence import NULL_SHARE, Evidence
from gridjax.studies.html import write_page
from gridjax.studies.results import conclude
from gridjax.studies.study import Study, find_studies
from gridjax.studies.training import Request, train_studies
from gridjax.studies.verdicts import Verdict, judge

__all__ = [
    "ANY",
    "CODES",
    "DIFFERENCES",
    "NULL_SHARE",
    "Claim",
    "Claims",
    "Estimate",
    "Evidence",
    "Request",
    "Study",
    "Verdict",
    "carried",
    "conclude",
    "difference",
    "figures",
    "find_studies",
    "judge",
    "label",
    "matched",
    "mean_of",
    "nothing",
    "paired",
    "percent",
    "read_claims",
    "resampled",
    "share_of",
    "slope",
    "stands_out",
    "train_studies",
    "variance_between",
    "write_page",
]
