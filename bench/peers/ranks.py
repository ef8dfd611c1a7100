#!/usr/bin/env python3
"""Measures data parallel training of noisylr and of Python PyTorch alternately.

    python3 ranks.py [--rounds N] [--epochs N] [--python PYTHON]

Requires a build of noisylr and a machine with two processors. PYTHON is an interpreter that has
PyTorch, by default this one. Each round measures, in separate processes and in alternating order,
a step of ResNet-20 with batches of 128 images: one process of noisylr with two threads, two ranks of
noisylr with one thread each, and two ranks of PyTorch's DistributedDataParallel with Gloo, with its
defaults and "tuned": a fused optimizer, and the C library keeps freed memory. Then it measures the
share of the reduction and the resident memory. Ratios are geometric means over the rounds with
Student's 95 % interval.
"""

import argparse
import os
import socket
import subprocess
import sys

from compare import JAR, KEEP_MEMORY
from ratio import interval

STEPS = 20
BATCH = 128


def peer(epochs, implementation):
    """One rank of PyTorch; rank 0 prints the mean time of a step in microseconds."""
    import time

    import torch
    from pytorch_peer import ResNet20, make_optimizer
    from torch import distributed
    from torch.nn import functional as F
    from torch.nn.parallel import DistributedDataParallel

    torch.set_num_threads(1)
    distributed.init_process_group("gloo")
    rank, size = distributed.get_rank(), distributed.get_world_size()
    torch.manual_seed(1)
    model = DistributedDataParallel(ResNet20().to(memory_format=torch.channels_last))
    images = torch.randint(0, 256, (STEPS * BATCH, 3, 32, 32), dtype=torch.uint8)
    labels = torch.randint(0, 10, (STEPS * BATCH,))
    mean = images.float().mean((0, 2, 3), keepdim=True)
    inverse_std = 1 / images.float().std((0, 2, 3), keepdim=True)
    optimizer = make_optimizer("SGD", model.parameters(), implementation, 1e-3, weight_decay=1e-4)
    part = BATCH // size
    total, correct = torch.zeros(()), torch.zeros((), dtype=torch.long)

    def epoch():
        order = torch.randperm(STEPS * BATCH)
        for step in range(STEPS):
            first = step * BATCH + rank * part
            indices = order[first : first + part]
            x = images.index_select(0, indices).float()
            x = x.contiguous(memory_format=torch.channels_last).sub_(mean).mul_(inverse_std)
            y = labels.index_select(0, indices)
            optimizer.zero_grad()
            logits = model(x)
            loss = F.cross_entropy(logits, y)
            loss.backward()
            optimizer.step()
            total.add_(loss.detach())
            correct.add_((logits.detach().argmax(1) == y).sum())

    for _ in range(epochs):
        epoch()
    start = time.perf_counter()
    for _ in range(epochs):
        epoch()
    if rank == 0:
        print((time.perf_counter() - start) / epochs / STEPS * 1e6)
    distributed.destroy_process_group()


def ranks(command, size, environment=None):
    """Runs a command on the ranks of a group; returns the output of rank 0."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    processes = []
    for rank in range(size):
        group = {
            "RANK": str(rank),
            "WORLD_SIZE": str(size),
            "LOCAL_WORLD_SIZE": str(size),
            "MASTER_ADDR": "localhost",
            "MASTER_PORT": str(port),
            "OMP_NUM_THREADS": "1",
        }
        processes.append(
            subprocess.Popen(
                list(map(str, command)),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **group, **(environment or {})},
                text=True,
            )
        )
    outputs = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        sys.exit(f"failed: {command}")
    return outputs[0]


def alone(command):
    return subprocess.run(
        list(map(str, command)),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    ).stdout


def noisylr(measurement, epochs, *jvm_options):
    return ["java", *jvm_options, "-jar", JAR, "ranks", measurement, epochs]


def main():
    parser = argparse.ArgumentParser(description="Measures data parallel training.")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--peer", choices=["default", "fused"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        peer(options.epochs, options.peer)
        return
    torch = [options.python, __file__, "--epochs", options.epochs, "--peer"]
    sides = {
        "noisylr, 1 process": lambda: alone(noisylr("step", options.epochs)),
        "noisylr, 2 ranks": lambda: ranks(noisylr("step", options.epochs), 2),
        "PyTorch, 2 ranks": lambda: ranks([*torch, "default"], 2),
        "PyTorch tuned, 2 ranks": lambda: ranks([*torch, "fused"], 2, KEEP_MEMORY),
    }
    times = {name: [] for name in sides}
    for number in range(options.rounds):
        names = list(sides)
        for name in names if number % 2 == 0 else reversed(names):
            times[name].append(float(sides[name]()))
            print(f"round {number + 1}: {name}: {times[name][-1] / 1e3:.1f} ms", file=sys.stderr)
    own = times["noisylr, 2 ranks"]
    print("| images a second of noisylr with 2 ranks, by | ratio |\n|---|---|")
    for name, others in times.items():
        if others is not own:
            print(f"| {name} | {interval([b / a for a, b in zip(own, others)])} |")
    rounds = [
        list(map(float, ranks(noisylr("reduction", options.epochs), 2).split()))
        for _ in range(options.rounds)
    ]
    print("\n| share of the reduction in forward and backward | share |\n|---|---|")
    for form, name in enumerate(["while backward runs", "after backward"]):
        print(f"| {name} | {interval([row[form] / row[2] for row in rounds])} − 1 |")
    # A larger heap would grow until its first collection.
    heap = ["-Xms64m", "-Xmx64m", "-XX:+AlwaysPreTouch"]
    print("\nmemory of rank 0:", ranks(noisylr("memory", 1, *heap), 2).strip())


if __name__ == "__main__":
    main()
