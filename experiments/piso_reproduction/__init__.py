"""Comparison with a public table of 1,050 networks of Xu et al. (2025): grid-like units by setting.

Thirteen settings of the network of experiments/models/piso.py are trained in parts of some seeds,
each with every setting, and scored by the scorer of the paper (package ``spatial-maps``) and by
gridjax, on the same rate maps:

    python -m experiments.piso_reproduction train OUT --seeds 0-15  # the same call resumes it
    python -m experiments.piso_reproduction score OUT TABLE.csv     # one row for each network
    python -m experiments.piso_reproduction compare PUBLISHED.csv TABLE.csv ...

``PUBLISHED.csv`` has a row for each published network, with the columns rho, size,
share_grid_like_in_active and mean_spacing_grid_like (0 without grid-like units). The criterion
(criterion.yaml) was written before a network was trained.

Three comparisons that the paper does not make:

    python -m experiments.piso_reproduction nulls NULL TABLE.csv OUT ...

scores maps without the trained layers (nulls.py).

`networks` describes the networks, `scores` measures maps, `nulls` makes maps of the nulls,
`comparison` tests the criterion.
"""
