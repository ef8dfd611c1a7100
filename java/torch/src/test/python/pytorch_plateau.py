#!/usr/bin/env python3
"""Writes ../resources/pytorch-plateau.csv: learning rates of PyTorch's ReduceLROnPlateau.

ReduceOnPlateauTest.java compares its rates with that file. Requires PyTorch 2.13:

    python pytorch_plateau.py

Row s is the sequence of seed s. Settings and metrics come from SplitMix64, as there. Column crc is
the CRC-32 of the rates of both groups after each of the 40 steps, as big-endian doubles, column
reductions the number of steps that reduced the first rate.
"""

import csv
import struct
import zlib
from pathlib import Path

import torch

SEQUENCES = 10_000
STEPS = 40
MASK = 2**64 - 1


class SplitMix64:
    def __init__(self, seed):
        self.state = seed

    def below(self, bound):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return (z ^ (z >> 31)) % bound


def sequence(seed):
    random = SplitMix64(seed)
    optimizer = torch.optim.SGD(
        [{"params": [torch.zeros(1)], "lr": 0.1}, {"params": [torch.zeros(1)], "lr": 0.03}]
    )
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer,
        mode=["min", "max"][random.below(2)],
        factor=[0.1, 0.5, 0.9][random.below(3)],
        patience=random.below(5),
        threshold=[0.0, 1e-4, 0.1, 0.5][random.below(4)],
        threshold_mode=["rel", "abs"][random.below(2)],
        cooldown=random.below(4),
        min_lr=[0.0, 1e-3, 0.05][random.below(3)],
    )
    metric = 0.0
    rates = []
    for _ in range(STEPS):
        change = random.below(17)
        # Quarters, so that equal metrics and exact thresholds are frequent; sometimes NaN.
        metric = metric + (change - 8) / 4
        scheduler.step(float("nan") if random.below(50) == 0 else metric)
        rates.append([group["lr"] for group in optimizer.param_groups])
    crc = zlib.crc32(b"".join(struct.pack(">dd", *pair) for pair in rates))
    reductions = sum(a[0] != b[0] for a, b in zip([[0.1]] + rates, rates))
    return [f"{crc:08x}", reductions]


def main():
    assert torch.__version__.startswith("2.13."), torch.__version__
    path = Path(__file__).parent.parent / "resources" / "pytorch-plateau.csv"
    path.parent.mkdir(exist_ok=True)
    with open(path, "w", newline="", encoding="ascii") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["crc", "reductions"])
        for seed in range(SEQUENCES):
            writer.writerow(sequence(seed))


if __name__ == "__main__":
    main()
