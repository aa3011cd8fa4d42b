"""gridjax: whole populations of path-integrating networks, trained, scored and compared.

Networks
    NetworkSpec, Sweep, train, open_run, Run: describe networks, train them, read results.
    Static, Traced: the two halves of a spec that JAX reads, arguments of an Encoding.
    GridjaxError: the error of every wrong input.

Extensions
    Cell, Encoding, Loss, register_cell, register_encoding, register_loss: your own ones.
    glorot_uniform, recurrent_kernel: initial weights of a cell.

Parts of one network
    Stream, stream: the random streams. Trajectories, simulate_motion, simulate_trajectories: the
    motion model, in a trace and outside one. draw_layout, encode_targets, target_entropy,
    code_over_box: a target code, along trajectories and over the box.

Recorded cells
    rate_map, grid_score: maps and scores of any arrays. Session, MapSet, ScoreOptions,
    score_inputs, score_table: what ``gridjax score`` does, as functions.

Figures
    plotting: colours, sizes and files of gridjax's figures.

Public too: gridjax.metrics and gridjax.studies. Every other module is internal.
"""

from gridjax import lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
