"""The kernels: their numbers by Triton's interpreter (or a GPU), their machine code by Triton's compiler, which needs no GPU."""
from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import weakref
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from on_triton import DEVICE, needs_gpu

from lessonlib import State, adam, adam_l2, adamw
from lessonlib.pytorch.adamw import Adam, AdamW

if not find_spec("triton"):
    pytest.skip("Triton is not installed here (it is made for Linux)", allow_module_level=True)
from lessonlib.pytorch import triton_kernels, triton_tables

BLOCK = triton_kernels.BLOCK.value


@pytest.mark.parametrize(("ours", "rule"), [(AdamW, adamw), (Adam, adam_l2)], ids=["AdamW", "Adam"])
@given(sizes=st.lists(st.sampled_from([0, 1, 2, 3, 127, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK]) | st.integers(0, 2 * BLOCK), min_size=1, max_size=9),
       offset=st.integers(0, 3), beta1=st.floats(0, 0.99), beta2=st.floats(0, 0.999), weight_decay=st.just(0.0) | st.floats(0, 0.5),
       seed=st.integers(0, 2**31))
@settings(max_examples=8, deadline=None)
def test_the_kernel_takes_the_rules_path_and_touches_nothing_else(ours, rule, sizes, offset, beta1, beta2, weight_decay, seed):
    # All tensors are pieces of one buffer, odd addresses included, with guards between them.
    starts = np.cumsum([offset, *(size + 1 + seed % 4 for size in sizes)])
    rng = np.random.default_rng(seed)
    everything = torch.from_numpy(rng.standard_normal(starts[-1] + 4)).to(DEVICE)
    before = everything.cpu().numpy().copy()
    params = [torch.nn.Parameter(everything[start:start + size]) for start, size in zip(starts[:-1], sizes, strict=True)]
    opt = ours(params, impl="triton", lr=0.01, betas=(beta1, beta2), weight_decay=weight_decay)
    expected = [before[start:start + size].copy() for start, size in zip(starts[:-1], sizes, strict=True)]
    states = [State()] * len(sizes)
    for _ in range(3):
        for i, p in enumerate(params):
            g = rng.standard_normal(sizes[i])
            p.grad = torch.from_numpy(g).to(DEVICE)
            expected[i], states[i] = rule(expected[i], g, states[i], lr=0.01, beta1=beta1, beta2=beta2, weight_decay=weight_decay)
        opt.step()
    for start, size, end in zip(starts[:-1], sizes, expected, strict=True):
        before[start:start + size] = end
    np.testing.assert_allclose(everything.cpu().numpy(), before, rtol=1e-12, atol=1e-12)
    for p, s in zip(params, states, strict=True):
        assert float(opt.state[p]["step"]) == s.t == 3


def test_the_correction_holds_after_many_steps_and_for_a_beta_of_zero():
    for beta1, beta2 in ((0.9, 0.999), (0.0, 0.0), (0.0, 0.9999)):
        p = torch.nn.Parameter(torch.ones(3, dtype=torch.float64, device=DEVICE))
        p.grad = torch.full_like(p, 0.5)
        opt = AdamW([p], impl="triton", betas=(beta1, beta2), weight_decay=0.0)
        opt.step()
        opt.state[p]["step"].fill_(99_999)
        theta, m, v = (t.cpu().numpy() for t in (p.detach().clone(), opt.state[p]["exp_avg"].clone(), opt.state[p]["exp_avg_sq"].clone()))
        theta, s = adam(theta, 0.5, State(99_999, m, v), beta1=beta1, beta2=beta2)
        opt.step()
        np.testing.assert_allclose(p.detach().cpu().numpy(), theta, rtol=1e-13)
        assert float(opt.state[p]["step"]) == s.t == 100_000


class Spy:
    """A kernel that notes its launches, in place of one or around it."""

    def __init__(self, kernel=None) -> None:
        self.kernel, self.grids = kernel, []

    def __getitem__(self, grid):
        self.grids.append(grid)
        return self.kernel[grid] if self.kernel else lambda *args, **kwargs: None


def model(n: int, dtype=torch.float32) -> list[torch.nn.Parameter]:
    params = [torch.nn.Parameter(torch.ones(7 + i, dtype=dtype, device=DEVICE)) for i in range(n)]
    for p in params:
        p.grad = torch.full_like(p, 0.5)
    return params


def test_one_launch_steps_all_tensors_of_a_dtype(monkeypatch):
    params = model(300) + model(20, torch.float64) + [torch.nn.Parameter(torch.ones(3 * BLOCK + 1, device=DEVICE))]
    params[-1].grad = torch.ones_like(params[-1])
    opt = AdamW(params, impl="triton")
    spies = [Spy(triton_kernels.count), Spy(triton_kernels.update)]
    monkeypatch.setattr(triton_tables, "interpreted", lambda: True)
    monkeypatch.setattr(triton_tables.triton_kernels, "count", spies[0])
    monkeypatch.setattr(triton_tables.triton_kernels, "update", spies[1])
    opt.step()
    assert spies[0].grids == [(3,), (1,)]
    assert spies[1].grids == [(304,), (20,)], "a program for each block, and one launch for each dtype"
    assert all(float(opt.state[p]["step"]) == 1 for p in params)


@pytest.mark.filterwarnings("ignore:Warning. Profiler clears events")  # as torch 2.11 says each time
def test_a_step_after_the_first_allocates_and_copies_nothing(monkeypatch):
    params = model(50)
    opt = AdamW(params, impl="triton")
    opt.step()
    pointed, point_to = [], triton_tables.Bucket.point_to
    monkeypatch.setattr(triton_tables.Bucket, "point_to", lambda self, *args, **kwargs: pointed.append(kwargs) or point_to(self, *args, **kwargs))
    monkeypatch.setattr(triton_tables.triton_kernels, "count", Spy())
    monkeypatch.setattr(triton_tables.triton_kernels, "update", Spy())
    plan = opt._plans[0, 0]
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as seen:
        opt.step()
    assert [event.name for event in seen.events() if event.name.startswith("aten::")] == []
    assert pointed == []
    params[3].grad = params[3].grad.clone()
    opt.step()
    assert pointed == [{"same_form": True}], "a gradient that moved is looked up again"
    assert opt._plans[0, 0] is plan
    table = plan.buckets[0].table
    assert table[:, triton_kernels.GRAD.value].tolist() == [p.grad.data_ptr() for p in params]


# What may happen to a tensor between two steps without a word to the optimizer: (which, what, what torch's loop says to it).
SQUARE = torch.arange(16.0, dtype=torch.float64).reshape(4, 4) / 16
MOVES = {"cloned": lambda t: t.clone(), "transposed in place": lambda t: t.t(), "with gaps": lambda t: torch.stack([t, t], -1)[..., 0],
         "expanded": lambda t: t[:1].clone().expand(4, 4), "negated by a bit": lambda t: torch._neg_view(t.neg())}
MISFITS = {"shorter": lambda t: t[:2], "longer": lambda t: torch.cat([t, t]), "flat": lambda t: t.reshape(16), "broader": lambda t: t[None].repeat(2, 1, 1),
           "single": lambda t: t.float(), "of integers": lambda t: t.long()}
SHAPES = [misfit for misfit in MISFITS if misfit not in ("single", "of integers")]
NAMES = ["theta", "grad", "exp_avg", "exp_avg_sq"]


def place(opt, p, name: str) -> torch.Tensor:
    return {"theta": p, "grad": p.grad}[name] if name in ("theta", "grad") else opt.state[p][name]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("how", ["data", "object"])
def test_a_tensor_that_moved_is_followed_and_its_old_memory_left_alone(name, move, how):
    if move == "expanded" and name != "grad":
        pytest.skip("torch refuses to write there")
    if how == "object" and name == "theta":
        pytest.skip("another object is another parameter")
    ends = []
    for cls, more in ((AdamW, {"impl": "triton"}), (torch.optim.AdamW, {"foreach": False})):
        p, q = (torch.nn.Parameter(SQUARE.to(DEVICE) + i) for i in range(2))
        opt = cls([p, q], lr=0.1, weight_decay=0.1, **more)
        for turn in range(3):
            q.grad = torch.cos(q.detach())
            p.grad = torch.cos(p.detach() + turn) if turn != 1 or name != "grad" else p.grad
            if turn == 1:
                there = place(opt, p, name)
                old = there.detach()
                value = MOVES[move](old if move == "transposed in place" else old.clone())
                before = old.clone()
                if how == "data":
                    there.data = value
                elif name == "grad":
                    p.grad = value
                else:
                    opt.state[p][name] = value
            opt.step()
        assert torch.equal(old, before) or move == "transposed in place"
        ends.append([p.detach(), q.detach(), opt.state[p]["exp_avg"], opt.state[p]["exp_avg_sq"]])
    torch.testing.assert_close(ends[0], ends[1], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("name", "misfit"), [(name, misfit) for name in NAMES for misfit in MISFITS if (name, misfit) != ("theta", "of integers")])
@pytest.mark.parametrize("when", ["before the first step", "later", "later, in its place"])
def test_a_tensor_that_does_not_fit_is_refused_and_nothing_is_written(name, misfit, when):
    # torch's loop refuses every other shape of a gradient or an average; another dtype it converts in some places, its fused refuses it.
    engines = [(AdamW, {"impl": "triton"}, r"\w+ of parameter 0 is .*, the parameter is .*: give it")]
    if name != "theta" and misfit in SHAPES:
        engines.append((torch.optim.AdamW, {"foreach": False}, "."))
    for cls, more, says in engines:
        p = torch.nn.Parameter(SQUARE.to(DEVICE).clone())
        p.grad = torch.cos(p.detach())
        opt = cls([p], **more)
        opt.state[p].update({"step": torch.tensor(0.0), "exp_avg": torch.zeros_like(p), "exp_avg_sq": torch.zeros_like(p)})
        if when != "before the first step":
            opt.step()
        there = place(opt, p, name)
        there.data = MISFITS[misfit](there.detach() if "place" in when else there.detach().clone())  # as a view, its address stays
        before = p.detach().clone()
        with pytest.raises(RuntimeError, match=says):
            opt.step()
        assert torch.equal(p, before) or cls is not AdamW


def test_a_moment_that_became_longer_writes_to_no_neighbour():
    p, neighbours = torch.nn.Parameter(torch.ones(2, device=DEVICE)), torch.ones(64, device=DEVICE)
    p.grad = torch.ones_like(p)
    opt = AdamW([p], impl="triton")
    opt.step()
    opt.state[p]["exp_avg"], p.data = torch.zeros(8, device=DEVICE), neighbours[10:12]
    with pytest.raises(RuntimeError, match=r"exp_avg of parameter 0 is \(8,\), .* the parameter is \(2,\)"):
        opt.step()
    assert torch.equal(neighbours, torch.ones_like(neighbours))


@pytest.mark.parametrize(("step", "counts"), [
    (torch.tensor(5.0), True), (torch.tensor(5.0, dtype=torch.float64), True), (torch.tensor([5.0]), True), (torch.tensor([[5]]), True),
    (torch.tensor([0.0, 5.0])[1], True), (torch.tensor([5.0, 5.0]), False), (torch.tensor([]), False)], ids=str)
@pytest.mark.parametrize("how", ["data", "object"])
def test_a_step_count_of_any_form_counts_and_what_is_no_count_is_refused(step, counts, how):
    p = torch.nn.Parameter(torch.ones(2, device=DEVICE))
    p.grad = torch.ones_like(p)
    opt = AdamW([p], impl="triton")
    opt.step()
    before = opt.state[p]["step"].detach()
    if how == "data":
        opt.state[p]["step"].data = step.to(DEVICE).clone()
    else:
        opt.state[p]["step"] = step.clone()
    if counts:
        opt.step()
        assert float(opt.state[p]["step"]) == 6
        assert float(before) == 1, "the count before lies elsewhere"
    else:
        with pytest.raises(RuntimeError, match=f"step has {step.numel()} elements"):
            opt.step()


def test_asking_writes_nothing():
    params = model(5)
    opt = AdamW(params, impl="triton")
    opt.step()
    plan = opt._plans[0, 0]
    before = plan.buckets[0].table.clone()
    params[2].grad = params[2].grad.clone()
    tensors = (params, [p.grad for p in params], *([opt.state[p][name] for p in params] for name in ("exp_avg", "exp_avg_sq", "step")))
    for _ in range(2):
        assert plan.fits(tensors)
        assert not plan.reads(tensors)
        assert torch.equal(plan.buckets[0].table, before)
    plan.move_gradients(tensors)
    assert plan.reads(tensors)
    assert not plan.fits(tuple(column[:-1] for column in tensors))


def test_a_group_that_is_gone_leaves_no_tables():
    params = model(4)
    opt = AdamW([{"params": params[:2]}, {"params": params[2:]}], impl="triton")
    opt.step()
    tables = weakref.ref(opt._plans[1, 0])
    del opt.param_groups[1]
    opt.step()
    assert tables() is None


def test_each_block_of_each_tensor_is_listed_once():
    sizes = [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 0, 3 * BLOCK]
    wanted = [[row, start] for row, size in enumerate(sizes) for start in range(0, size, BLOCK)]
    assert triton_tables._chunks(sizes).tolist() == wanted
    assert triton_tables._chunks([0]).shape == (0, 2)


def test_a_dtensor_steps_in_its_own_part_as_the_whole_does(tmp_path):
    import torch.distributed as dist
    if not dist.is_available():
        pytest.skip("this torch was built without torch.distributed")
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor import DTensor, Shard

    dist.init_process_group("gloo", init_method=f"file://{tmp_path / 'meet'}", rank=0, world_size=1)
    try:
        mesh = init_device_mesh(DEVICE, (1,))
        plain = [torch.nn.Parameter(torch.linspace(-1, 1, n, dtype=torch.float64, device=DEVICE).view(-1, 3)) for n in (6, 3 * BLOCK)]
        spread = [torch.nn.Parameter(DTensor.from_local(p.detach().clone(), mesh, [Shard(0)])) for p in plain]
        mine, torchs = AdamW(spread, impl="triton", weight_decay=0.1), torch.optim.AdamW(plain, weight_decay=0.1)
        for turn in range(3):
            for p, q in zip(plain, spread, strict=True):
                p.grad = torch.cos(p.detach() * 3 + turn)
                q.grad = DTensor.from_local(p.grad.clone(), mesh, [Shard(0)])
            mine.step()
            torchs.step()
        for p, q in zip(plain, spread, strict=True):
            torch.testing.assert_close(q.to_local(), p, rtol=1e-12, atol=1e-12)
            assert isinstance(mine.state[q]["exp_avg"], DTensor)
    finally:
        dist.destroy_process_group()


@needs_gpu
def test_a_step_after_the_first_takes_no_memory_of_the_gpu():
    opt = AdamW(model(50), impl="triton")
    for _ in range(2):
        opt.step()
    before = torch.cuda.memory_stats()["allocation.all.allocated"]
    opt.step()
    assert torch.cuda.memory_stats()["allocation.all.allocated"] == before


COMPILE = """
import json, re, sys
import triton
import triton.language as tl
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from lessonlib.pytorch import triton_kernels

def compiled(kernel, types, **constants):
    signature = {name: "constexpr" if name in constants else types.get(name, "fp64") for name in kernel.arg_names}
    aligned = {(kernel.arg_names.index(name),): [["tt.divisibility", 16]] for name, kind in types.items() if kind.startswith("*")}
    source = ASTSource(kernel, signature, constants, aligned)
    code = triton.compile(source, target=GPUTarget("cuda", int(sys.argv[1]), 32), options={"num_warps": 4}).asm
    assert code["cubin"]
    return [line.split()[0] if line.split()[0][0] != "@" else line.split()[1] for line in code["ptx"].splitlines() if line.strip()]

per_tensor = {"table": "*i64", "scalars": "*fp64", "lr_in_memory": "*fp32", "n": "i32"}
code = {f"count {there}": compiled(triton_kernels.count, per_tensor, LR_IN_MEMORY=there) for there in (False, True)}
for dtype, within in ((tl.float32, tl.float32), (tl.bfloat16, tl.float32), (tl.float16, tl.float32), (tl.float64, tl.float64)):
    code[str(dtype)] = compiled(triton_kernels.update, {"table": "*i64", "chunks": "*i64", "scalars": "*fp64", "n": "i32"},
                                DTYPE=dtype, WITHIN=within, DECAY=1, MAXIMIZE=False)
print(json.dumps(code))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Triton brings NVIDIA's assembler for Linux")
def test_the_machine_code_crosses_memory_once_in_pieces_of_16_bytes(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    ran = subprocess.run([sys.executable, "-c", COMPILE, "80"], capture_output=True, text=True, check=False,
                         env=environment | {"TRITON_CACHE_DIR": str(tmp_path)})
    assert ran.returncode == 0, ran.stderr
    code = json.loads(ran.stdout)

    def times(dtype: str, instruction: str) -> int:
        return sum(bool(re.fullmatch(instruction, found)) for found in code[dtype])

    # A block of 1024 is 8 elements for each of 128 threads: theta, g, m, v are read and theta, m, v written, each once.
    for dtype, size in (("fp32", 4), ("bf16", 2), ("fp16", 2), ("fp64", 8)):
        pieces = 8 * size // 16
        assert times(dtype, r"ld\.global\S*\.v[24]\.\S+") == 4 * pieces, dtype
        assert times(dtype, r"st\.global\S*\.v[24]\.\S+") == 3 * pieces, dtype
    assert times("bf16", r"cvt\.rn\.bf16x2\.f32") > 0, "a GPU rounds to the nearest bfloat16"
    assert times("fp32", r"(fma|mul|add|sub|div|sqrt)\.\S*f64") == 0, "double precision is slow on most GPUs"
    assert times("fp64", r"(fma|mul|add|sub|div|sqrt)\.\S*f32") == 0
