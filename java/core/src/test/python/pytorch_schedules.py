#!/usr/bin/env python3
"""Writes ../resources/pytorch-schedules.csv: learning rates of PyTorch's own schedulers.

PyTorchScheduleTest.java compares its schedules with that file. Requires PyTorch 2.13:

    python pytorch_schedules.py

Columns: schedule, steps_per_epoch, step, lr (shortest round-trip decimal). A name in
column schedule means the same configuration here and in PyTorchScheduleTest.java.
"""

import csv
import warnings
from pathlib import Path

import torch
from torch.optim.lr_scheduler import (
    ChainedScheduler,
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    CyclicLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiStepLR,
    OneCycleLR,
    PolynomialLR,
    SequentialLR,
)

# SequentialLR itself calls step(epoch), which warns.
warnings.filterwarnings("ignore", category=UserWarning)


def sgd(lr):
    return torch.optim.SGD([torch.zeros(1)], lr=lr)


def lr_of(optimizer):
    return optimizer.param_groups[0]["lr"]


def per_step(optimizer, scheduler, steps):
    for _ in range(steps):
        yield lr_of(optimizer)
        optimizer.step()
        scheduler.step()


def per_epoch(optimizer, scheduler, epochs, steps_per_epoch):
    for _ in range(epochs):
        for _ in range(steps_per_epoch):
            yield lr_of(optimizer)
            optimizer.step()
        scheduler.step()


def fractional_epoch(optimizer, scheduler, epochs, steps_per_epoch):
    for step in range(epochs * steps_per_epoch):
        scheduler.step(step / steps_per_epoch)
        yield lr_of(optimizer)
        optimizer.step()


def multi_step():
    optimizer = sgd(0.1)
    return per_epoch(optimizer, MultiStepLR(optimizer, [80, 120, 160], gamma=0.1), 200, 3)


def multi_step_two_factors():
    optimizer = sgd(0.1)
    tenth = MultiStepLR(optimizer, [80, 120, 160], gamma=0.1)
    half = MultiStepLR(optimizer, [180], gamma=0.5)
    return per_epoch(optimizer, ChainedScheduler([tenth, half], optimizer), 200, 3)


def exponential():
    optimizer = sgd(0.1)
    return per_step(optimizer, ExponentialLR(optimizer, gamma=0.96 ** (1 / 600)), 1500)


def cyclic(cycle_steps):
    def rates():
        optimizer = sgd(0.1)
        scheduler = CyclicLR(
            optimizer, base_lr=0.1, max_lr=0.3, step_size_up=cycle_steps / 2, cycle_momentum=False
        )
        return per_step(optimizer, scheduler, 400)

    return rates


def cosine():
    optimizer = sgd(0.1)
    # PyTorch's rate rises again after T_max.
    return per_step(optimizer, CosineAnnealingLR(optimizer, T_max=12 * 7, eta_min=0.003), 12 * 7 + 1)


def polynomial(power):
    def rates():
        optimizer = sgd(0.2)
        return per_step(optimizer, PolynomialLR(optimizer, total_iters=8 * 9, power=power), 100)

    return rates


def linear_fall():
    optimizer = sgd(0.1)
    fall = LinearLR(optimizer, start_factor=1.0, end_factor=0.02, total_iters=8 * 9)
    return per_step(optimizer, fall, 100)


def one_cycle(rise, div_factor, final_div_factor):
    def rates():
        optimizer = sgd(0.1)
        scheduler = OneCycleLR(
            optimizer,
            max_lr=0.3,
            epochs=12,
            steps_per_epoch=11,
            pct_start=rise,
            div_factor=div_factor,
            final_div_factor=final_div_factor,
            cycle_momentum=False,
        )
        return per_step(optimizer, scheduler, 12 * 11)

    return rates


def warmup_stable_decay():
    optimizer = sgd(0.1)
    # PyTorch's LinearLR cannot start at 0.
    rise = LambdaLR(optimizer, lambda step: step / 20)
    hold = ConstantLR(optimizer, factor=1.0, total_iters=0)
    fall = LinearLR(optimizer, start_factor=1.0, end_factor=0.1, total_iters=6 * 10)
    sequence = SequentialLR(optimizer, [rise, hold, fall], [2 * 10, 14 * 10])
    return per_step(optimizer, sequence, 22 * 10)


def cosine_restarts(t_mult, eta_min):
    def rates():
        optimizer = sgd(0.05)
        scheduler = CosineAnnealingWarmRestarts(optimizer, T_0=10, T_mult=t_mult, eta_min=eta_min)
        return fractional_epoch(optimizer, scheduler, 80, 7)

    return rates


def linear_rise():
    optimizer = sgd(0.1)
    return per_step(optimizer, LinearLR(optimizer, start_factor=0.1, total_iters=5 * 13), 130)


def warmup_then_step_decay():
    optimizer = sgd(0.1)
    rise = LinearLR(optimizer, start_factor=0.1, total_iters=5 * 4)
    decay = MultiStepLR(optimizer, [15 * 4, 25 * 4], gamma=0.1)
    return per_step(optimizer, SequentialLR(optimizer, [rise, decay], [5 * 4]), 40 * 4)


def warmup_then_constant_then_cosine():
    optimizer = sgd(0.2)
    rise = LinearLR(optimizer, start_factor=0.25, total_iters=3 * 5)
    hold = ConstantLR(optimizer, factor=1.0, total_iters=0)
    restarts = CosineAnnealingWarmRestarts(optimizer, T_0=4 * 5, T_mult=2, eta_min=0.001)
    sequence = SequentialLR(optimizer, [rise, hold, restarts], [3 * 5, 10 * 5])
    return per_step(optimizer, sequence, 40 * 5)


CASES = [
    ("multi_step", 3, multi_step),
    ("multi_step_two_factors", 3, multi_step_two_factors),
    ("exponential", 10, exponential),
    ("cyclic_16_epochs", 6, cyclic(16 * 6)),
    ("cyclic_2.5_epochs", 5, cyclic(12.5)),
    ("cosine", 7, cosine),
    ("cosine_restarts_same_length", 7, cosine_restarts(1, 0.0)),
    ("cosine_restarts_doubling", 7, cosine_restarts(2, 0.0)),
    ("cosine_restarts_tripling", 7, cosine_restarts(3, 0.002)),
    ("linear_rise", 13, linear_rise),
    ("linear_fall", 9, linear_fall),
    ("polynomial_0.9", 9, polynomial(0.9)),
    ("polynomial_2", 9, polynomial(2)),
    ("one_cycle", 11, one_cycle(0.3, 25, 1e4)),
    ("one_cycle_late_peak", 11, one_cycle(0.75, 10, 2)),
    ("warmup_stable_decay", 10, warmup_stable_decay),
    ("warmup_then_step_decay", 4, warmup_then_step_decay),
    ("warmup_then_constant_then_cosine", 5, warmup_then_constant_then_cosine),
]


def main():
    assert torch.__version__.startswith("2.13."), torch.__version__
    path = Path(__file__).parent.parent / "resources" / "pytorch-schedules.csv"
    with open(path, "w", newline="", encoding="ascii") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["schedule", "steps_per_epoch", "step", "lr"])
        for name, steps_per_epoch, rates in CASES:
            for step, lr in enumerate(rates()):
                writer.writerow([name, steps_per_epoch, step, repr(float(lr))])


if __name__ == "__main__":
    main()
