"""The kernels: their numbers by Triton's interpreter (or a GPU), their machine code by Triton's compiler, which needs no GPU."""
from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from on_triton import DEVICE, needs_gpu
from torch.utils._python_dispatch import TorchDispatchMode

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


class Operators(TorchDispatchMode):
    """Notes every torch operator, so every allocation and copy."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if not str(func).startswith("profiler"):  # torch's mark around every optimizer's step
            self.seen.append(str(func))
        return func(*args, **(kwargs or {}))


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


def test_a_step_after_the_first_allocates_and_copies_nothing(monkeypatch):
    params = model(50)
    opt = AdamW(params, impl="triton")
    opt.step()
    filled = []
    monkeypatch.setattr(triton_tables.Bucket, "_fill", lambda self, rows: filled.append(len(rows)))
    monkeypatch.setattr(triton_tables.triton_kernels, "count", Spy())
    monkeypatch.setattr(triton_tables.triton_kernels, "update", Spy())
    with torch.no_grad(), Operators() as operators:
        opt.step()
    assert operators.seen == []
    assert filled == []
    params[3].grad = params[3].grad.clone()
    opt.step()
    assert filled == [50], "a gradient that moved is looked up again"


def test_a_table_that_a_cuda_graph_reads_is_never_written_again(monkeypatch):
    # The bookkeeping alone; test_pytorch_adamw captures a real graph where there is a GPU.
    def move_gradients():
        for p in params:
            p.grad = p.grad.clone()

    params = model(3)
    opt = AdamW(params, impl="triton", weight_decay=0.0)
    opt.step()
    bucket = opt._plans[0].buckets[0]
    first, bucket.spare = bucket.table, None
    with monkeypatch.context() as capture:
        capture.setattr(triton_tables.Bucket, "_capturing", lambda self: True)
        move_gradients()
        with pytest.raises(RuntimeError, match="take a step on these parameters before"):
            opt.step()
        bucket.spare = torch.empty_like(first, device="cpu"), torch.empty_like(first)
        opt.step()
    of_graph, copied_from = bucket.table, bucket.captured[0]
    as_captured = of_graph.clone()
    assert of_graph is not first
    move_gradients()
    opt.step()
    assert bucket.table is not of_graph
    assert torch.equal(of_graph, as_captured)
    assert torch.equal(copied_from, as_captured.cpu())
    assert {float(opt.state[p]["step"]) for p in params} == {3.0}
    plan = opt._plans[0]
    opt.load_state_dict(opt.state_dict())
    assert opt._of_graphs == [plan], "the graph outlives the plan"


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
