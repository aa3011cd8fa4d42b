"""A small network of every cell, activation and target code, to see whether each of them learns.

Two hundred networks of 48 units, a thousand steps each; no claim about grid cells. Prints a table
of the position error over 20 moves (by the published decoder, whose error has a floor with 48
cells) and of the loss, for cross-entropy minus the entropy of the targets.

    python experiments/zoo.py              # all of them; each is a compilation of its own
    python experiments/zoo.py LSTM relu    # only the networks with these words in their names
"""

import itertools
import sys
from typing import Any

import numpy as np

import gridjax as gj

CELLS = ("RNN", "SRNN", "UGRNN", "GRU", "LSTM")
ACTIVATIONS = ("relu", "tanh", "sigmoid", "linear")
MSE: dict[str, Any] = {"place_field_loss": "mse"}
CODES: dict[str, dict[str, Any]] = {
    "cartesian": {"place_field_values": "cartesian", "Np": 2} | MSE,
    "high-D cartesian": {"place_field_values": "high_dim_cartesian"} | MSE,
    "polar": {"place_field_values": "polar", "Np": 2, "place_field_loss": "polarmse"},
    "high-D polar": {"place_field_values": "high_dim_polar"} | MSE,
    "gaussian": {"place_field_values": "gaussian"},
    "DoS": {"place_field_values": "difference_of_gaussians"},
    "DoG": {
        "place_field_values": "difference_of_gaussians",
        "place_field_normalization": "none",
    },
    "true DoG": {"place_field_values": "true_difference_of_gaussians"},
    "general DoG": {
        "place_field_values": "general_difference_of_gaussians",
        "place_cell_alpha_e": 3,
    },
    "SoD": {"place_field_values": "softmax_of_differences"},
}
SMALL: dict[str, Any] = {
    "Ng": 48,
    "batch_size": 32,
    "place_cell_rf": 0.3,
    "learning_rate": 3e-3,
    "n_epochs": 1,
    "n_grad_steps_per_epoch": 1000,
}


def spec_of(code: str, cell: str, phi: str) -> gj.NetworkSpec:
    """Return one network of the zoo."""
    own: dict[str, Any] = {"rnn_type": cell, "activation": phi, "Np": 48}
    values: dict[str, Any] = SMALL | own | CODES[code]
    return gj.NetworkSpec(**values)


def main() -> None:
    """Train every combination with the given words and print the table."""
    wanted = sys.argv[1:]
    names = [
        name
        for name in itertools.product(CODES, CELLS, ACTIVATIONS)
        if all(word in " ".join(name).split() for word in wanted)
    ]
    run = gj.train(gj.Sweep.from_specs(spec_of(*name) for name in names))
    rows = run.networks.set_index("run_id")
    print("| target code | cell | " + " | ".join(ACTIVATIONS) + " |")
    print("|---|---|" + "---|" * len(ACTIVATIONS))
    for code, cell in dict.fromkeys((code, cell) for code, cell, _ in names):
        shown = []
        for phi in ACTIVATIONS:
            if (code, cell, phi) not in names:
                shown.append("")
                continue
            row = rows.loc[spec_of(code, cell, phi).run_id]
            loss = row["loss_excess"] if np.isfinite(row["loss_excess"]) else row["loss"]
            shown.append(f"{row['pos_decoding_err']:.0f} cm, {loss:.3f}")
        print(f"| {code} | {cell} | " + " | ".join(shown) + " |")


if __name__ == "__main__":
    main()
