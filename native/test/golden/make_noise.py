#!/usr/bin/env python3
"""Writes the golden vectors of the noise, noise.csv and window.csv, beside this file.

Both languages test against them. Everything here is computed independently of either
implementation: Philox4x32-10 in Python integers (Salmon et al. 2011, "Parallel random numbers: as
easy as 1, 2, 3"), the first noisy epoch in exact rationals. Only the standard library is needed.

noise.csv: one draw a row.
  distribution, param1, param2   none,0,0 | uniform,low,high | log-uniform,low,high |
                                 gaussian,mean,std
  seed, first_epoch, draw, groups, epoch, step, group
                                 the noise and where it is asked; seed is a signed 64-bit integer,
                                 draw is epoch or step, groups is shared or independent
  w0 .. w3                       Philox words (hexadecimal) of block(seed, counter, subsequence),
                                 counter = epoch or step as draw says, subsequence = 0 or group as
                                 groups says; also where the factor does not use them
  factor                         C99 hexadecimal floating-point; implementations must agree bit for
                                 bit, for gaussian within 3 ulp of the larger of |mean| and
                                 |factor - mean|, for log-uniform within 4 ulp of the factor times
                                 1 + |ln low| + |ln high|: libraries round exponential, logarithm
                                 and cosine differently

window.csv: beta, epochs, first_epoch = ceil((1 - beta) * epochs), beta being the exact decimal.
"""

import csv
import math
from fractions import Fraction
from pathlib import Path

MASK = 0xFFFFFFFF
ROUNDS = 10
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
BELOW_ONE = float.fromhex("0x1.fffffffffffffp-1")


def low_high(value):
    return value & MASK, value >> 32 & MASK


def block(key, counter, subsequence):
    k0, k1 = low_high(key)
    c0, c1 = low_high(counter)
    c2, c3 = low_high(subsequence)
    for _ in range(ROUNDS):
        low0, high0 = low_high(MULTIPLIERS[0] * c0)
        low1, high1 = low_high(MULTIPLIERS[1] * c2)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = (k0 + WEYL[0]) & MASK, (k1 + WEYL[1]) & MASK
    return c0, c1, c2, c3


def unit(high, low):
    """A number strictly between 0 and 1 from 53 of the 64 bits."""
    return min(((high << 32 | low) >> 11) + 0.5, BELOW_ONE * 2.0**53) * 2.0**-53


def draw_factor(distribution, param1, param2, words):
    if distribution == "none":
        return 1.0
    if distribution == "uniform":
        return param1 + (param2 - param1) * unit(words[0], words[1])
    if distribution == "log-uniform":
        start = math.log(param1)
        return math.exp(start + (math.log(param2) - start) * unit(words[0], words[1]))
    radius = math.sqrt(-2.0 * math.log(unit(words[0], words[1])))
    return param1 + param2 * (radius * math.cos(2.0 * math.pi * unit(words[2], words[3])))


def noise_row(distribution, seed, first_epoch, draw, groups, epoch, step, group):
    counter = epoch if draw == "epoch" else step
    words = block(seed, counter, 0 if groups == "shared" else group)
    factor = draw_factor(*distribution, words) if epoch >= first_epoch else 1.0
    return [
        *distribution, seed, first_epoch, draw, groups, epoch, step, group,
        *(f"{w:08x}" for w in words), factor.hex(),
    ]


def noise_rows():
    paper = ("uniform", 0.0, 8.0)
    distributions = [
        paper,
        ("uniform", 0.0, 0.1),
        ("uniform", 0.0, 1.3093073414159544),
        ("uniform", 0.5, 1.5),
        ("log-uniform", 0.25, 4.0),
        ("log-uniform", 1e-3, 20.0),
        ("gaussian", 4.0, 1.0),
        ("gaussian", 2.0, 1.0),
        ("gaussian", 0.0, 0.5),
        ("gaussian", -1.5, 3.0),
    ]
    seeds = [0, 1, 42, -1, 2**63 - 1, -(2**63), -(2**63) + 12345, 2**32, 0x9E3779B97F4A7C15 - 2**64]

    # The window's edges, for a step decay of 200 epochs with beta = 0.6.
    for distribution in [("none", 0.0, 0.0), paper, ("gaussian", 4.0, 1.0)]:
        for epoch in [0, 1, 79, 80, 81, 199]:
            yield distribution, 42, 80, "epoch", "shared", epoch, 391 * epoch, 0
    # Every distribution with every seed.
    for i, distribution in enumerate(distributions):
        for j, seed in enumerate(seeds):
            yield distribution, seed, 0, "epoch", "shared", 7 * i + j, 100 * j, 0
    # Shared and independent groups.
    for distribution in [paper, ("gaussian", 4.0, 1.0)]:
        for groups in ["shared", "independent"]:
            for group in [0, 1, 2, 3, 17, 2**31, 2**32 + 5]:
                yield distribution, 42, 0, "epoch", groups, 7, 2737, group
    # One draw a step, with counters on both sides of 32 bits.
    for distribution in [paper, ("gaussian", 2.0, 1.0)]:
        for groups in ["shared", "independent"]:
            for step in [0, 1, 390, 391, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 10**12, 2**62 + 3]:
                yield distribution, -7, 2, "step", groups, 2 + step % 5, step, step % 3
    # One draw a step, before the window.
    for step in [0, 1, 2**33]:
        yield paper, 5, 10, "step", "independent", 9, step, 1
    # Counters near their own wrap, and neighbouring seeds at shifted epochs.
    for epoch in [2**32 - 1, 2**32, 2**63 - 1]:
        yield paper, 3, 0, "epoch", "shared", epoch, 0, 0
    for seed in range(10, 15):
        for epoch in range(5):
            yield paper, seed, 0, "epoch", "shared", epoch, 0, 0


def window_rows():
    betas = [
        "0", "1", "0.5", "0.25", "0.75", "0.1", "0.2", "0.3", "0.4", "0.6", "0.7", "0.8", "0.9",
        "0.05", "0.15", "0.35", "0.55", "0.65", "0.85", "0.95", "0.01", "0.07", "0.29", "0.57",
        "0.58", "0.99", "0.001", "0.999", "0.123", "0.3333", "0.333333333333", "0.666666666667",
        "0.142857142857", "0.0000001",
    ]
    lengths = [1, 2, 3, 5, 7, 10, 15, 60, 90, 99, 100, 130, 164, 200, 300, 400, 999, 1000, 65537]
    for beta in betas:
        for epochs in [*lengths, 99_999, 300_000, 1_000_000]:
            boundary = (1 - Fraction(beta)) * epochs
            first = math.ceil(boundary)
            # A product this little above an integer would be rounding to both implementations.
            above = boundary - math.floor(boundary)
            assert above == 0 or above > Fraction(epochs, 2**49), (beta, epochs)
            yield beta, epochs, first


def write(name, header, rows):
    with open(Path(__file__).parent / name, "w", newline="", encoding="ascii") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(rows)


def main():
    assert block(0, 0, 0) == (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)
    assert block(42, 7, 3) == (0x659EF2D0, 0xB60225B4, 0x14334A91, 0x99097B19)
    assert unit(0, 0) == 2.0**-54 and unit(MASK, MASK) == BELOW_ONE
    write(
        "noise.csv",
        "distribution,param1,param2,seed,first_epoch,draw,groups,epoch,step,group,"
        "w0,w1,w2,w3,factor",
        (noise_row(*row) for row in noise_rows()),
    )
    write("window.csv", "beta,epochs,first_epoch", window_rows())


if __name__ == "__main__":
    main()
