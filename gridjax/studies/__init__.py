"""Studies: claims recorded before training, estimates from the results, verdicts.

Tests of claims, named in ``claims.yaml``
    CLAIM_TESTS, ClaimTest: the tests by name. Estimate: a value, its interval, its p and its rows.
    mean_vs_null, paired_difference, seed_contrast, share: tests for one or two arms.
    slope, matched_difference, max_departure, variance_share, resampled_statistic: tests for
    particular designs.

Parts of an ``analysis.py``
    ANY, DIFFERENCES: ranges of an estimate.
    wavelengths_in_box, with_lattices_that_fit, mark_small_boxes: networks in whose box at least 2.5
    wavelengths of their targets fit.
    with_best_rates: specs with the learning rates that a pilot chooses.
    without_gain: that networks have no more grid units than by chance, as a reason for no verdict.
    variance_between: the share of the variance that is between groups (epsilon squared).
    figures: functions that draw arms, nulls and published numbers (gridjax.plotting has colours and
    sizes).
    CODES, label: the target codes, and their printed names. percent: a share as printed text.

Studies and their results
    Study, find_studies, Claims, Claim, read_claims: folders with claims.yaml and analysis.py.
    Request, StudyPlan, train_studies, read_studies, Evidence: the networks of studies.
    Arm: a group of networks that a claim compares, and which of them are competent.
    judge, Verdict, conclude, write_page: verdicts as values, as files and on one page.
"""

from gridjax import lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
