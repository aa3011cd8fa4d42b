"""Any bytes, tree or mutation of a sweep file is read or refused, never a traceback."""

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sweep_files import HINT, SWEEPS

from gridjax.errors import GridjaxError
from gridjax.sweep.sweep import Sweep

NAMES = st.sampled_from(
    [
        "method",
        "parameters",
        "gridjax",
        "Ng",
        "place_cell_rf",
        "seed",
        "place_field_values",
        "value",
        "values",
        "lane_width",
        "evaluation",
        "Np",
        "activation",
        "n_epochs",
        "ng",
        "distribution",
        "probabilities",
        "min",
        "max",
        "mu",
        "sigma",
        "q",
        "run_cap",
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        [
            "grid",
            "random",
            "normal",
            "q_beta",
            "cartesian",
            "gaussian",
            "Uniform(1,2)",
            "1e-4",
            "1:30",
            ".nan",
        ]
    ),
)
RANDOM = """method: random
run_cap: 3
parameters:
  Ng: {min: 8, max: 64}
  place_cell_rf: {distribution: q_normal, mu: 0.1, sigma: 0.2, q: 0.01}
  activation: {values: [relu, tanh], probabilities: [0.25, 0.75]}
  weight_decay: {distribution: beta, a: 2, b: 3}
"""
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=20,
)


def read_or_refuse(read, *arguments):
    """Either a population or located problems, never anything else."""
    problems = ()
    try:
        assert read(*arguments).specs
    except GridjaxError as error:
        problems = error.problems
    for problem in problems:
        assert problem.place is not None or HINT in problem.fix
        str(problem).encode()


@hypothesis_settings(max_examples=150, deadline=None)
@given(content=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "fuzz.yaml"
    path.write_bytes(content)
    read_or_refuse(Sweep.from_yaml, path)


@hypothesis_settings(max_examples=150, deadline=None)
@given(content=st.dictionaries(NAMES, TREES, max_size=5))
def test_any_tree_is_read_or_refused(content):
    read_or_refuse(Sweep.from_dict, content)


@hypothesis_settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_any_mutation_of_a_sweep_file_is_read_or_refused(data, tmp_path_factory):
    text = data.draw(st.sampled_from([(SWEEPS / "gaussian.yaml").read_text(), RANDOM]))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.integers(0, 10))
        put = data.draw(st.text("[]{}:,-\"'&*!|>%@\n\t #0e.x~", max_size=4))
        text = text[:at] + put + text[at + cut :]
    path = tmp_path_factory.getbasetemp() / "mutant.yaml"
    path.write_text(text)
    read_or_refuse(Sweep.from_yaml, path)
