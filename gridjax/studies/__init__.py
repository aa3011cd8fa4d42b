"""Studies: claims written down before training, estimates from results, verdicts.

Estimates of a claim, in an ``analysis.py``
    mean_of, difference, paired, share_of, nothing, Estimate: of one or two arms.
    slope, matched, stands_out, carried, resampled, variance_between: of particular designs.
    ANY, DIFFERENCES: the values that an estimate can have. NULL_SHARE: the share of grid units
    by chance.

Figures of a study
    figures: arms, nulls and published numbers on axes (gridjax.plotting has the rest).
    CODES, label: the target codes, and their names in print. percent: a share in print.

Studies and their results
    Study, find_studies, Claims, Claim, read_claims: folders with claims.yaml and analysis.py.
    Request, train_studies, Evidence: their networks. judge, Verdict, conclude, write_page: their
    verdicts, as values, files and one page.
"""

from gridjax import lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
