"""Ratios of times that were measured in the same rounds."""

import math
import statistics

# Student's t for 95 %, two-sided, for 1, 2, … degrees of freedom.
T95 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
       2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093]  # fmt: skip
MOST_ROUNDS = len(T95) + 1


def geometric_mean(ratios):
    return math.exp(statistics.fmean(map(math.log, ratios)))


def ends(ratios):
    """Returns the ends of Student's 95 % interval of the geometric mean of two or more rounds."""
    logs = [math.log(ratio) for ratio in ratios]
    half = T95[len(logs) - 2] * statistics.stdev(logs) / math.sqrt(len(logs))
    mean = statistics.fmean(logs)
    return math.exp(mean - half), math.exp(mean + half)


def interval(ratios):
    """Returns the geometric mean as text, with Student's 95 % interval for three or more rounds."""
    text = f"{geometric_mean(ratios):.3f}"
    if len(ratios) < 3:
        return text
    low, high = ends(ratios)
    return f"{text} ({low:.3f} to {high:.3f})"
