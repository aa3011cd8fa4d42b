"""gridjax: training, scoring and comparison of populations of path-integrating networks.

Networks
    NetworkSpec, Sweep, train: descriptions of networks, and their training.
    Settings, EvaluationSettings, Origin, SkippedNetworks: parts of a Sweep.
    open_run, Run, Network, Response: the results of a run, one trained network, and its outputs.
    callbacks: the events of a run in training, and the base class of objects that receive them.
    StaticConfig, TracedParams: what JAX receives of a spec: hashable values and arrays.
    GridjaxError, Problem, Place: the error of every wrong input, and what it holds.

Extensions
    register_encoding, register_cell, register_loss: your own target code, cell or loss.
    TargetCodeInfo, CellInfo, LossInfo: the record of each. Encoding, Cell, Factored, Loss: its
    functions. EncodingContext: the parameters that an Encoding receives.
    glorot_uniform, recurrent_kernel: initial weights of a cell.

Parts of one network
    Stream, stream: the random streams. Trajectories, simulate_motion, simulate_trajectories: the
    motion model, in a trace and outside one. Layout, HeadDirectionCells, draw_layout,
    encode_targets, target_entropy, code_over_box: a target code, along trajectories and over the
    box.

Recorded cells
    rate_map, grid_score: maps and scores of any arrays. Session, MapSet, ScoreOptions,
    score_inputs, InputScores, score_table: the functions of ``gridjax score``.

Figures
    plotting: colours, sizes and files of gridjax's figures.

Public too: gridjax.metrics and gridjax.studies. Every other module is internal.
"""

from gridjax import lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
