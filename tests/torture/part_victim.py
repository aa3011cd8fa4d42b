"""A part of a run in a process of its own: ``python -m torture.part_victim FOLDER N_STEPS PART``.

It prints lines of JSON: the gradient steps of each chunk, resumed networks and warnings.
"""

import sys
from pathlib import Path

from tiny import CARTESIAN, sweep_content
from torture.quick_evaluation import quick_evaluation
from torture.victim import Printer, show

import gridjax as gj

N_PARTS, N_NETWORKS = 4, 12


def parted(n_steps):
    """Networks of twelve blocks, three for each of four parts; one of them diverges."""
    parameters = {
        "n_grad_steps_per_epoch": {"value": n_steps},
        "seed": {"values": list(range(N_NETWORKS - 1))},
    }
    content = sweep_content(**CARTESIAN | parameters)
    content["gridjax"] = content["gridjax"] | {"lane_width": 1, "keep_weights": "best:3"}
    ordinary = gj.Sweep.from_dict(content)
    content["parameters"] |= {"seed": {"value": 0}, "learning_rate": {"value": 1e30}}
    specs = [*ordinary.specs, *gj.Sweep.from_dict(content).specs]
    return gj.Sweep.from_specs(specs, ordinary.settings)


def main(folder, n_steps, part):
    with quick_evaluation():
        try:
            gj.train(parted(int(n_steps)), Path(folder), [Printer()], part=part, checkpoint_every=1)
        except gj.GridjaxError as error:
            show(error=str(error), exit_code=error.exit_code)
            sys.exit(error.exit_code)
    show(done=part)


if __name__ == "__main__":
    main(*sys.argv[1:])
