"""What the text of a compiled program says: kernels, loops, arithmetic and bytes."""

import jax
import jax.numpy as jnp
import pytest
from jax import lax

from gridjax.accelerators.card_info import BF16, FLOAT32, FLOAT64, TF32, VECTOR
from gridjax.accelerators.compiled_program import launches, launches_per_step, read_program

CHUNK = """
%is (p: (s32[], f32[4])) -> pred[] {
  %p = (s32[], f32[4]) parameter(0)
  %g = s32[] get-tuple-element(%p), index=0
  ROOT %l = pred[] fusion(%g), kind=kLoop, calls=%f
}

%body (p: (s32[], f32[4])) -> (s32[], f32[4]) {
  %p = (s32[], f32[4]) parameter(0)
  %a = f32[4] fusion(%p), kind=kLoop, calls=%f
  %b = f32[4] custom-call(%a), custom_call_target="__cublas$gemm"
  ROOT %t = (s32[], f32[4]) tuple(%p, %b)
}

%scan (p: (s32[], f32[4])) -> (s32[], f32[4]) {
  %p = (s32[], f32[4]) parameter(0)
  %c = f32[4] fusion(%p), kind=kLoop, calls=%f
  ROOT %t = (s32[], f32[4]) tuple(%p, %c)
}

%group (p: (s32[], f32[4])) -> (s32[], f32[4]) {
  %p = (s32[], f32[4]) parameter(0)
  %d = f32[4] copy(%p)
  %e = (s32[], f32[4]) while(%d), condition=%is, body=%scan, BACKEND
  %f = (s32[], f32[4]) while(%e), condition=%is, body=%body
  ROOT %t = (s32[], f32[4]) tuple(%p, %f)
}

ENTRY %main (p: f32[4]) -> f32[4] {
  %p = f32[4] parameter(0)
  ROOT %w = (s32[], f32[4]) while(%p), condition=%is, body=%group
}
""".replace("BACKEND", 'backend_config={"known_trip_count":{"n":"21"}}')


def entry(body):
    return read_program(f"ENTRY %main (p: f32[4]) -> f32[4] {{\n{body}\n}}\n")


def work(body):
    (kernel,) = entry(body).kernels
    return kernel


def test_kernels_of_a_step_count_what_serves_several_steps_once_for_all():
    # A copy, 21 passes of one kernel and a condition serve 16 steps. A step is two kernels and its
    # condition.
    assert launches_per_step(read_program(CHUNK), 16).n_kernels == 3 + 23 / 16
    assert launches_per_step(read_program(CHUNK), 1).n_kernels == 3 + 23


def test_a_program_without_steps_is_refused():
    with pytest.raises(ValueError, match="not a training chunk"):
        launches_per_step(entry("  ROOT %p = f32[4] parameter(0)"), 16)


def test_loops_of_a_compiled_program_have_their_trip_counts():
    def run(x, n):
        x, _ = lax.scan(lambda x, _: (jnp.sin(x), None), x, length=7)
        return lax.fori_loop(0, n, lambda _, x: jnp.cos(x), x)

    text = jax.jit(run).lower(jnp.ones(4), 3).compile().as_text()

    def counts(loop):
        return [loop["times"], *(t for inner in loop["loops"] for t in counts(inner))]

    assert {7, None} <= set(counts(read_program(text).to_json()))


def test_products_of_a_compiled_program_take_two_operations_a_term():
    def run(x, matrix):
        return lax.scan(lambda x, _: (x @ matrix, None), x, length=7)[0]

    with jax.default_matmul_precision("float32"):
        lowered = jax.jit(run).lower(jnp.ones((5, 24)), jnp.ones((24, 24)))
    program = read_program(lowered.compile().as_text())
    assert launches(program).operations[FLOAT32] == 7 * 2 * 5 * 24 * 24


DOT = """  %a = {type}[8,5,24]{{2,1,0}} parameter(0)
  %b = {type}[8,24,3]{{2,1,0}} parameter(1)
  ROOT %d = f32[8,5,3]{{2,1,0}} dot(%a, %b), lhs_batch_dims={{0}}, lhs_contracting_dims={{2}},\
 rhs_batch_dims={{0}}, rhs_contracting_dims={{1}}, operand_precision={{{precision},{precision}}}"""


@pytest.mark.parametrize(
    ("dtype", "precision", "kind"),
    [
        ("f32", "highest", FLOAT32),
        ("f32", "high", TF32),
        ("bf16", "default", BF16),
        ("f64", "highest", FLOAT64),
    ],
)
def test_the_precision_of_a_product_decides_its_kind(dtype, precision, kind):
    kernel = work(DOT.format(type=dtype, precision=precision))
    assert kernel.operations == {kind: 2 * 8 * 5 * 3 * 24}


def test_axes_of_a_call_of_cublas_are_in_its_configuration():
    kernel = work("""  %a = f32[8,24,5]{2,1,0} parameter(0)
  %b = f32[8,24,3]{2,1,0} parameter(1)
  ROOT %g = (f32[8,5,3]{2,1,0}, s8[4194304]{0}) custom-call(%a, %b),\
 custom_call_target="__cublas$gemm", backend_config={"gemm_backend_config":{\
"dot_dimension_numbers":{"lhs_contracting_dimensions":["1"],"rhs_contracting_dimensions":["1"],\
"lhs_batch_dimensions":["0"]},"precision_config":{"operand_precision":["HIGHEST","HIGHEST"],\
"algorithm":"ALG_UNSET"}}}""")
    assert kernel.kind == "__cublas$gemm"
    assert kernel.operations == {FLOAT32: 2 * 8 * 5 * 3 * 24}
    # the workspace of 4 MiB is not moved
    assert kernel.bytes_moved == 4 * 8 * (24 * 5 + 24 * 3 + 5 * 3)


def test_a_batch_of_products_on_a_tpu_is_a_convolution_with_one_position_for_each_output():
    kernel = work("""  %a = f32[16,64,128]{2,1,0:T(8,128)S(1)} parameter(0)
  %b = f32[16,128,32]{2,1,0:T(8,128)} parameter(1)
  ROOT %c = f32[16,64,32]{2,1,0:T(8,128)} convolution(%a, %b), window={size=16 stride=15\
 lhs_dilate=16}, dim_labels=0bf_0io->0bf, operand_precision={highest,highest}""")
    assert kernel.operations == {FLOAT32: 2 * 16 * 64 * 32 * 128}
    # the first operand is in on-chip memory
    assert kernel.bytes_moved == 4 * 16 * (128 * 32 + 64 * 32)


def test_positions_of_an_ordinary_convolution_are_counted_at_its_rims():
    kernel = work("""  %a = f32[1,5,2]{2,1,0} parameter(0)
  %b = f32[3,2,4]{2,1,0} parameter(1)
  ROOT %c = f32[1,5,4]{2,1,0} convolution(%a, %b), window={size=3 pad=1_1},\
 dim_labels=b0f_0io->b0f, operand_precision={highest,highest}""")
    # two of the five positions read two inputs of three
    assert kernel.operations == {FLOAT32: 2 * 4 * 2 * (3 * 3 + 2 * 2)}


SLICES = """
%f (a: f32[100,64], b: f32[64], i: s32[]) -> f32[64] {
  %a = f32[100,64]{1,0} parameter(0)
  %b = f32[64]{0} parameter(1)
  %i = s32[] parameter(2)
  %z = s32[] constant(0)
  %n = f32[100,64]{1,0} negate(%a)
  %s = f32[1,64]{1,0} dynamic-slice(%n, %i, %z), dynamic_slice_sizes={1,64}
  %r = f32[64]{0} bitcast(%s)
  ROOT %x = f32[64]{0} multiply(%r, %b)
}

%u (a: f32[100,64], b: f32[64], i: s32[]) -> f32[100,64] {
  %a = f32[100,64]{1,0} parameter(0)
  %b = f32[64]{0} parameter(1)
  %i = s32[] parameter(2)
  %z = s32[] constant(0)
  %e = f32[64]{0} exponential(%b)
  %r = f32[1,64]{1,0} bitcast(%e)
  ROOT %d = f32[100,64]{1,0} dynamic-update-slice(%a, %r, %i, %z)
}

ENTRY %main (a: f32[100,64], b: f32[64], i: s32[]) -> f32[100,64] {
  %a = f32[100,64]{1,0} parameter(0)
  %b = f32[64]{0} parameter(1)
  %i = s32[] parameter(2)
  %x = f32[64]{0} fusion(%a, %b, %i), kind=kLoop, calls=%f
  ROOT %y = f32[100,64]{1,0} fusion(%a, %x, %i), kind=kLoop, calls=%u
}
"""


def test_a_slice_counts_as_its_own_size_and_an_update_in_place_too():
    read, update = read_program(SLICES).kernels
    assert read.bytes_moved == 4 * (3 * 64 + 1)
    assert update.bytes_moved == 4 * (2 * 64 + 1)


def test_an_asynchronous_fusion_counts_like_any_other():
    text = SLICES.replace(
        "%y = f32[100,64]{1,0} fusion(",
        "%y = ((f32[100,64]{1,0}, f32[64]{0}, s32[]), f32[100,64]{1,0}, u32[]) fusion-start(",
    )
    (_, asynchronous), (_, update) = read_program(text).kernels, read_program(SLICES).kernels
    assert asynchronous.bytes_moved == update.bytes_moved
    assert asynchronous.operations == update.operations


def test_of_several_branches_the_largest_counts():
    program = read_program("""
%small (p: f32[4]) -> f32[4] {
  %p = f32[4] parameter(0)
  ROOT %a = f32[4] negate(%p)
}

%large (p: f32[400]) -> f32[400] {
  %p = f32[400] parameter(0)
  %a = f32[400] negate(%p)
  ROOT %b = f32[400] cosine(%a)
}

ENTRY %main (i: s32[], p: f32[4], q: f32[400]) -> f32[4] {
  %i = s32[] parameter(0)
  %p = f32[4] parameter(1)
  %q = f32[400] parameter(2)
  ROOT %c = f32[4] conditional(%i, %p, %q), branch_computations={%small, %large}
}
""")
    launched = launches(program)
    assert launched.n_kernels == 2
    assert launched.operations == {VECTOR: 800}
    assert launched.bytes_moved == 4 * 1600


RECURRENCE = """  %w = f32[8,24,2,24]{3,2,1,0} parameter(0)
  %h = f32[8,5,24]{2,1,0} parameter(1)
  %d = f32[8,3,5,2,24]{4,3,2,1,0} parameter(2)
  ROOT %c = (f32[8,3,5,24]{3,2,1,0}, f32[8,3,5,2,24]{4,3,2,1,0}) custom-call(%w, %h, %d), \
custom_call_target="__gpu$xla.gpu.triton", backend_config={ir = "ML\\EF", \
name = "recurrence_forward_bf16", num_warps = 8 : i32}"""


def test_a_recurrence_in_one_kernel_counts_the_products_of_all_times():
    kernel = work(RECURRENCE)
    # 8 networks, 3 times, 5 trajectories, a matrix [24, 48]
    assert kernel.operations == {BF16: 8 * 3 * 5 * 2 * 24 * 48}
    of_backward = RECURRENCE.replace("forward_bf16", "backward_tf32")
    assert work(of_backward).operations == {TF32: 8 * 3 * 5 * 2 * 24 * 48}
    assert work(RECURRENCE.replace("recurrence_", "another_")).operations == {}
