"""gridjax: training, scoring and comparison of populations of path-integrating networks.

Networks
    NetworkSpec, Sweep, train: descriptions of networks, and their training.
    Settings, EvaluationSettings, Origin, SkippedNetworks: parts of a Sweep.
    study: a study's networks, the tests of its claims, and its page.
    open_run, Run, Network, Response: the results of a run, one trained network, and its outputs.
    ClosedLoop: errors of a network whose outputs are fed back. LandmarkErrors: errors of a network
    with landmarks, beside those of a Kalman filter.
    export_run, Exported: a copy of the tables of a run, without weights.
    callbacks: the events of a run in training, and the base class of objects that receive them.
    trackers: callbacks for Weights & Biases, MLflow and TensorBoard.
    StaticConfig, TracedParams: the hashable values and the arrays of a spec that JAX receives.
    GridjaxError, Problem, Place: the error for invalid input, its problems, and their places.

Extensions
    register_encoding, register_cell, register_loss, register_state_objective, register_motion,
    register_start, register_optimizer: your own target code, cell, loss, objective on states,
    motion, start or optimiser. TargetCodeInfo, CellInfo, LossInfo, StateObjectiveInfo, MotionInfo,
    StartInfo, OptimizerInfo: their records. Encoding, Cell, Factored, Loss, StateObjective, Motion,
    Start, Optimizer: their functions. EncodingContext, ObjectiveContext, MotionContext,
    OptimizerContext: the parameters that these functions receive. trajectories_along: the paths of
    a motion from their positions. recorded_motion: the motion of a recorded animal.
    glorot_uniform, recurrent_kernel: initial weights of a cell.

Parts of one network
    Stream, stream: the random streams. Trajectories: paths of animals. simulate_motion,
    simulate_trajectories: the motion model, inside and outside a function that JAX traces. Layout,
    HeadDirectionCells, draw_layout, encode_targets, target_entropy, code_over_box: a target code,
    along trajectories and over the box.

Theory without training
    predict_lattice, Prediction: the lattice that a place code selects, on a line, in a square or in
    a cube. lattice_gains: which lattice non-negative rates select. place_code_spec,
    layout_patterns, LayoutPatterns, Growth: patterns that grow on a layout of place cells.
    pattern_lattices, PatternLattices: their lattices.

Uses of units
    GridCode: rates of units at any position, as a layer of flax or as NumPy.
    train_agents, AgentSettings, Agents: agents that navigate to goals on position codes.
    agent_barrier: a wall with a gap in their arena.

Recorded cells
    rate_map, grid_score, grid_score_3d: maps and scores of any arrays. Session, MapSet,
    ScoreOptions, score_inputs, InputScores, score_table: the functions of ``gridjax score``.
    read_inputs, InputOptions: the sessions and maps of files.

Figures
    plotting: colours, sizes and files of gridjax's figures.

The packages gridjax.metrics and gridjax.studies are also public. Every other module is internal.
"""

from gridjax import lazy
from gridjax.forked_process import note_forks

note_forks()
__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
