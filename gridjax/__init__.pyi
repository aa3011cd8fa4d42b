from gridjax import callbacks, plotting, trackers
from gridjax.agents.population import Agents, train_agents
from gridjax.agents.settings import AgentSettings, agent_barrier
from gridjax.errors import GridjaxError, Place, Problem
from gridjax.grid_code import GridCode
from gridjax.metrics.gridscore.grid_score import grid_score
from gridjax.metrics.ratemaps.rate_map import rate_map
from gridjax.metrics.volume.grid_score_3d import grid_score_3d
from gridjax.model.cells import Cell, Factored, register_cell
from gridjax.model.initializers import glorot_uniform, recurrent_kernel
from gridjax.model.losses import Loss, register_loss
from gridjax.model.losses import entropy as target_entropy
from gridjax.model.starts import Start, register_start
from gridjax.model.state_objectives import (
    ObjectiveContext,
    StateObjective,
    register_state_objective,
)
from gridjax.prng import Stream, stream
from gridjax.recordings.cell_scores import InputScores
from gridjax.recordings.input_options import InputOptions
from gridjax.recordings.map_set import MapSet
from gridjax.recordings.options import ScoreOptions
from gridjax.recordings.output import table as score_table
from gridjax.recordings.readers import read_inputs
from gridjax.recordings.score import score_inputs
from gridjax.recordings.session import Session
from gridjax.run.evaluation.one_network.closed_loop import ClosedLoop
from gridjax.run.evaluation.one_network.landmark_errors import LandmarkErrors
from gridjax.run.execution.train import train
from gridjax.run.results.network import Network, Response
from gridjax.run.results.run import Run, open_run
from gridjax.run.storage.export import Exported, export_run
from gridjax.spec.lowering import StaticConfig, TracedParams
from gridjax.spec.network import NetworkSpec
from gridjax.spec.records.cell_info import CellInfo, LossInfo
from gridjax.spec.records.motion_info import MotionInfo
from gridjax.spec.records.optimizer_info import OptimizerInfo
from gridjax.spec.records.start_info import StartInfo
from gridjax.spec.records.state_objective_info import StateObjectiveInfo
from gridjax.spec.records.target_code_info import TargetCodeInfo
from gridjax.studies.run_study import study
from gridjax.sweep.expansion import Origin, SkippedNetworks
from gridjax.sweep.settings.run_settings import EvaluationSettings, Settings
from gridjax.sweep.sweep import Sweep
from gridjax.task.code_maps import code_over_box
from gridjax.task.motion.motion_models import Motion, MotionContext, register_motion
from gridjax.task.motion.recorded_paths import recorded_motion
from gridjax.task.motion.square_walk import simulate as simulate_motion
from gridjax.task.motion.square_walk import simulate_trajectories
from gridjax.task.motion.trajectories import Trajectories
from gridjax.task.motion.trajectories import along as trajectories_along
from gridjax.task.target_codes.context import EncodingContext
from gridjax.task.target_codes.encodings import Encoding, register_encoding
from gridjax.task.target_codes.head_direction import HeadDirectionCells
from gridjax.task.task import Layout
from gridjax.task.task import draw as draw_layout
from gridjax.task.task import targets as encode_targets
from gridjax.theory.growth_options import Growth
from gridjax.theory.lattice_gains import lattice_gains
from gridjax.theory.layout_patterns import LayoutPatterns, layout_patterns
from gridjax.theory.pattern_lattices import PatternLattices, pattern_lattices
from gridjax.theory.prediction import Prediction, place_code_spec
from gridjax.theory.prediction import predict as predict_lattice
from gridjax.training.optimizers import Optimizer, OptimizerContext, register_optimizer
from gridjax.version import __version__

__all__ = [
    "AgentSettings",
    "Agents",
    "Cell",
    "CellInfo",
    "ClosedLoop",
    "Encoding",
    "EncodingContext",
    "EvaluationSettings",
    "Exported",
    "Factored",
    "GridCode",
    "GridjaxError",
    "Growth",
    "HeadDirectionCells",
    "InputOptions",
    "InputScores",
    "LandmarkErrors",
    "Layout",
    "LayoutPatterns",
    "Loss",
    "LossInfo",
    "MapSet",
    "Motion",
    "MotionContext",
    "MotionInfo",
    "Network",
    "NetworkSpec",
    "ObjectiveContext",
    "Optimizer",
    "OptimizerContext",
    "OptimizerInfo",
    "Origin",
    "PatternLattices",
    "Place",
    "Prediction",
    "Problem",
    "Response",
    "Run",
    "ScoreOptions",
    "Session",
    "Settings",
    "SkippedNetworks",
    "Start",
    "StartInfo",
    "StateObjective",
    "StateObjectiveInfo",
    "StaticConfig",
    "Stream",
    "Sweep",
    "TargetCodeInfo",
    "TracedParams",
    "Trajectories",
    "__version__",
    "agent_barrier",
    "callbacks",
    "code_over_box",
    "draw_layout",
    "encode_targets",
    "export_run",
    "glorot_uniform",
    "grid_score",
    "grid_score_3d",
    "lattice_gains",
    "layout_patterns",
    "open_run",
    "pattern_lattices",
    "place_code_spec",
    "plotting",
    "predict_lattice",
    "rate_map",
    "read_inputs",
    "recorded_motion",
    "recurrent_kernel",
    "register_cell",
    "register_encoding",
    "register_loss",
    "register_motion",
    "register_optimizer",
    "register_start",
    "register_state_objective",
    "score_inputs",
    "score_table",
    "simulate_motion",
    "simulate_trajectories",
    "stream",
    "study",
    "target_entropy",
    "trackers",
    "train",
    "train_agents",
    "trajectories_along",
]
