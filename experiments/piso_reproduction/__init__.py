"""Comparison with a public table of 1,050 networks of Xu et al. (2025): grid-like units by setting.

Thirteen settings of the network of experiments/models/piso.py are trained in parts of some seeds,
each with every setting, and scored by the scorer of the paper (package ``spatial-maps``) and by
gridjax, on the same rate maps:

    python -m experiments.piso_reproduction train OUT --seeds 0-15  # the same call resumes it
    python -m experiments.piso_reproduction score OUT TABLE.csv     # one row for each network
    python -m experiments.piso_reproduction compare PUBLISHED.csv TABLE.csv ...
    python -m experiments.piso_reproduction verdict PUBLISHED.csv TABLE.csv ...

``PUBLISHED.csv`` has a row for each published network, with the columns rho, size,
share_grid_like_in_active and mean_spacing_grid_like (0 without grid-like units). The criterion
(criterion.yaml) was written before a network was trained; ``verdict`` needs 64 networks of each
setting, and ends with an error before. What the paper does not have:

    python -m experiments.piso_reproduction nulls NULL TABLE.csv OUT ...   # maps of nulls
    python -m experiments.piso_reproduction train OUT --noise --seeds 0-15
    python -m experiments.piso_reproduction score OUT TABLE.csv --noise
    python -m experiments.piso_reproduction verdict TABLE.csv ... --noise  # noise_criterion.yaml

trains networks with noise and scores them with it and without. The figure:

    python -m experiments.piso_reproduction maps MAPS.npz OUT ...  # best map of each setting
    python -m experiments.piso_reproduction figure FOLDER PUBLISHED.csv TABLE.csv ...
        --nulls NULL.csv ... --maps MAPS.npz

`networks` describes the networks, `scores` measures maps, `nulls` makes maps of nulls, `noise`
trains with noise, `comparison` tests the criterion, `best_maps` and `figure` draw.
"""
