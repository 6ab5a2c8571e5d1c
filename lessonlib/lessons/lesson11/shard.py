"""The same AdamW on parameters that are spread over several processes: what each of them holds, and whether the result is the same.

    python -m torch.distributed.run --standalone --nproc-per-node 2 -m lessonlib.lessons.lesson11.shard [--json FILE]

`launch` starts the processes by itself: torchrun would load torch once more, only to do that.

The stages are those of ZeRO (Rajbhandari et al. 2020): 0 everything everywhere, 1 the optimizer's state spread, 2 the gradients
too, 3 the parameters too. Stage 0 is DistributedDataParallel, 1 adds ZeroRedundancyOptimizer, 2 and 3 are fully_shard (FSDP2, in
torch 2.6 and later).
"""
from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn import functional

from lessonlib.pytorch.adamw import AdamW
from lessonlib.pytorch.transformer import Size, Transformer
from lessonlib.signature import whole_number

__all__ = ["STAGES", "launch", "main", "table"]

STAGES = (0, 1, 2, 3)
SIZE = Size(layers=2, width=64, heads=4, context=32, batch=8, steps=4, warmup=0)
LETTERS = 60
LR, DECAY = 1e-2, 0.1


def launch(processes: int = 2, *, timeout: float = 300.0) -> dict[str, Any]:
    """Start `processes` processes of this module on this machine, which meet in a file; return what they measured.

    Raises ValueError for a number of processes that does not divide the batch, and RuntimeError, with the end of their output, where
    torch.distributed does not start.
    """
    processes = whole_number("processes", processes, least=1)
    if SIZE.batch % processes:
        raise ValueError(f"processes={processes!r}: must divide the batch of {SIZE.batch}, of which each takes its share")
    if not dist.is_available():
        raise RuntimeError("this torch was built without torch.distributed")
    path = os.pathsep.join(filter(None, [str(Path(__file__).resolve().parents[3]), os.environ.get("PYTHONPATH", "")]))
    environment = os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as folder:
        out, meeting = Path(folder) / "measured.json", Path(folder) / "meeting"
        command = [sys.executable, "-m", "lessonlib.lessons.lesson11.shard", "--json", str(out), "--meet", meeting.as_uri(),
                   "--processes", str(processes), "--rank"]
        _run_together([[*command, str(rank)] for rank in range(processes)], environment, timeout)
        found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return found


def _run_together(commands: list[list[str]], environment: Mapping[str, str], timeout: float) -> None:
    """Wait until each of these processes has ended; where one fails or the time is up, stop the others and raise RuntimeError."""
    with tempfile.TemporaryFile() as said:  # a file: nobody empties a pipe meanwhile
        running = [subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=said) for command in commands]
        end = time.monotonic() + timeout
        try:
            while None in (ended := [process.poll() for process in running]) and not any(ended):
                if time.monotonic() > end:
                    raise RuntimeError(f"the {len(commands)} processes did not finish in {timeout:g} s")
                time.sleep(0.05)
        finally:
            for process in running:
                process.kill()
                process.wait()
        if any(ended):
            said.seek(0)
            raise RuntimeError(f"a process ended with {next(filter(None, ended))}: {said.read().decode(errors='replace')[-2000:]}")


def _windows(step: int) -> tuple[Tensor, Tensor]:
    """The batch of a step, the same in every process: places and the places that follow, (batch, context) each."""
    drawn = torch.randint(LETTERS, (SIZE.batch, SIZE.context + 1), device="cpu", dtype=torch.int64,
                          generator=torch.Generator(device="cpu").manual_seed(step))
    return drawn[:, :-1], drawn[:, 1:]


def _loss(model: torch.nn.Module, step: int, part: slice) -> Tensor:
    x, y = _windows(step)
    return functional.cross_entropy(model(x[part]).flatten(0, 1), y[part].flatten())


def _spread(stage: int, dtype: torch.dtype, seed: int = 0) -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    """A fresh model and its AdamW, spread as the stage says."""
    model: torch.nn.Module = Transformer(LETTERS, SIZE, seed).to(dtype)
    if stage < 2:
        model = torch.nn.parallel.DistributedDataParallel(model)
    else:
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import fully_shard

        mesh = init_device_mesh("cpu", (dist.get_world_size(),))  # on a machine with a GPU the default would be that
        for block in model.blocks:  # gathered, used and let go one after another
            fully_shard(block, mesh=mesh, reshard_after_forward=stage == 3)
        fully_shard(model, mesh=mesh, reshard_after_forward=stage == 3)
    if stage == 1:
        from torch.distributed.optim import ZeroRedundancyOptimizer

        return model, ZeroRedundancyOptimizer(model.parameters(), AdamW, lr=LR, weight_decay=DECAY)
    return model, AdamW(model.parameters(), lr=LR, weight_decay=DECAY)


def _train(model: torch.nn.Module, optimizer: torch.optim.Optimizer, steps: Iterable[int]) -> None:
    """Each process takes its share of every batch; gradients are averaged by torch, so the mean is that of the whole batch."""
    each = SIZE.batch // dist.get_world_size()
    mine = slice(each * dist.get_rank(), each * (dist.get_rank() + 1))
    for step in steps:
        optimizer.zero_grad()
        _loss(model, step, mine).backward()
        optimizer.step()


def _whole(model: torch.nn.Module) -> list[Tensor]:
    """The parameters, gathered where they are spread."""
    return [p.full_tensor() if hasattr(p, "full_tensor") else p.detach().clone() for p in model.parameters()]


def _held(tensors: Iterable[Tensor | None]) -> int:
    """The bytes of the parts of these tensors that live in this process."""
    parts = [t.to_local() if hasattr(t, "to_local") else t for t in tensors if t is not None]
    return sum(part.numel() * part.element_size() for part in parts)


def _measure(stage: int) -> dict[str, int]:
    """Bytes held in this process in one float32 step: parameters between forward and backward, and again after it, the rest after it."""
    model, optimizer = _spread(stage, torch.float32)
    loss = _loss(model, 0, slice(0, 4))
    parameters = _held(model.parameters())
    loss.backward()
    optimizer.step()
    inner = getattr(optimizer, "optim", optimizer)  # ZeroRedundancyOptimizer keeps this process's part in there
    state = _held(t for kept in inner.state.values() for name, t in kept.items() if name != "step")
    return {"parameters": parameters, "gradients": _held(p.grad for p in model.parameters()), "state": state,
            "parameters after": _held(model.parameters())}


def _single() -> list[Tensor]:
    """The parameters after the same training in one process, in float64."""
    model = Transformer(LETTERS, SIZE).double()
    optimizer = AdamW(model.parameters(), lr=LR, weight_decay=DECAY)
    for step in range(SIZE.steps):
        optimizer.zero_grad()
        _loss(model, step, slice(None)).backward()
        optimizer.step()
    return [p.detach() for p in model.parameters()]


def _resumed(folder: str) -> list[Tensor]:
    """The parameters after half of the steps, a checkpoint, and the other half by a model and an AdamW that start from it."""
    import torch.distributed.checkpoint as dcp
    from torch.distributed.checkpoint.state_dict import get_state_dict, set_state_dict

    half = SIZE.steps // 2
    model, optimizer = _spread(3, torch.float64)
    _train(model, optimizer, range(half))
    names = ("model", "optimizer")
    dcp.save(dict(zip(names, get_state_dict(model, optimizer), strict=True)), checkpoint_id=folder)

    model, optimizer = _spread(3, torch.float64, seed=1)  # another start: all of it must come from the checkpoint
    stored = dict(zip(names, get_state_dict(model, optimizer), strict=True))  # says what to read, and into which parts
    dcp.load(stored, checkpoint_id=folder)
    set_state_dict(model, optimizer, model_state_dict=stored["model"], optim_state_dict=stored["optimizer"])
    _train(model, optimizer, range(half, SIZE.steps))
    return _whole(model)


def _run(folder: str) -> dict[str, Any]:
    """Everything that is measured, the same dictionary in every process."""
    single, apart, ends = _single(), {}, {}
    for stage in STAGES:
        model, optimizer = _spread(stage, torch.float64)
        _train(model, optimizer, range(SIZE.steps))
        ends[stage] = _whole(model)
        apart[stage] = max(float((a - b).abs().max()) for a, b in zip(single, ends[stage], strict=True))
    everyone: list[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(everyone, {stage: _measure(stage) for stage in STAGES})
    resumed = all(bool((a == b).all()) for a, b in zip(ends[3], _resumed(folder), strict=True))
    return {"processes": dist.get_world_size(), "parameters": sum(p.numel() for p in single), "apart": apart, "resumed equal": resumed,
            "after": {stage: [each[stage].pop("parameters after") for each in everyone] for stage in STAGES},
            "bytes": {stage: [each[stage] for each in everyone] for stage in STAGES}}


def table(found: dict[str, Any]) -> str:
    """Return what `launch` measured as lines of text: bytes for each parameter counted in the tensors of process 0, by stage."""
    each = found["parameters"]
    lines = [f"{each:,} parameters, {found['processes']} processes, bytes for each parameter on each process",
             "stage   parameters  gradients  state   apart from one process by less than 1e-10"]
    for stage, ranks in found["bytes"].items():
        held = [ranks[0][kind] / each for kind in ("parameters", "gradients", "state")]
        own = found["after"][stage][0] / each
        held[0] += own if held[0] > own else 0  # gathered, they lie beside its own part
        lines.append(f"{stage:>5} {held[0]:12.2f} {held[1]:10.2f} {held[2]:6.2f}   {found['apart'][stage] < 1e-10}")
    return "\n".join([*lines, f"stage 3, saved half-way and resumed, equals the run that went through: {found['resumed equal']}"])


def main(arguments: list[str] | None = None) -> None:
    """Measure in every process; process 0 prints a table, or writes JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--meet", metavar="ADDRESS", help="where the processes meet, unless torchrun tells them")
    parser.add_argument("--rank", type=int, default=-1)
    parser.add_argument("--processes", type=int, default=-1)
    options = parser.parse_args(arguments)
    dist.init_process_group("gloo", init_method=options.meet, rank=options.rank, world_size=options.processes)
    try:
        with tempfile.TemporaryDirectory() as mine:
            folder = [mine]  # the one of process 0 serves all: they run on one machine
            dist.broadcast_object_list(folder)
            found = _run(folder[0])
            dist.barrier()
        if dist.get_rank() == 0:
            if options.json:
                Path(options.json).write_text(json.dumps(found, indent=1), encoding="utf-8")
            else:
                print(table(found))
    finally:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
