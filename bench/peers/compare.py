#!/usr/bin/env python3
"""Measures noisylr and Python PyTorch turn and turn about and prints ratios.

    python3 compare.py [--rounds N] [--python PYTHON] [--out FILE] [step|train]...

Build bench/ first. PYTHON is an interpreter that has PyTorch, by default this one. Each round
measures every cell once on each side, in processes of their own and in alternating order; FILE gets
the times of all rounds as JSON (default peers.json). Ratios are geometric means over the rounds with
Student's 95 % interval.
"""

import argparse
import json
import math
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
JAR = HERE.parent / "target/benchmarks.jar"

# Student's t for 95 %, two-sided, by degrees of freedom.
T95 = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}

OPTIMIZERS = ["SGD", "ADAM", "ADAMW", "ADAGRAD", "RMSPROP"]


class Cell:
    """One thing to measure: noisylr's side and PyTorch's."""

    def __init__(self, name, benchmark, parameters, peer):
        self.name = name
        self.benchmark = benchmark
        self.parameters = parameters
        self.peer = peer

    def ours(self):
        with tempfile.TemporaryDirectory() as folder:
            result = pathlib.Path(folder, "jmh.json")
            command = ["java", "-jar", JAR, self.benchmark, "-f", "1", "-rff", result]
            for name, value in self.parameters.items():
                command += ["-p", f"{name}={value}"]
            run(command)
            (benchmark,) = json.loads(result.read_text())
        return statistics.fmean(benchmark["primaryMetric"]["rawData"][0])

    def theirs(self, python):
        return float(run([python, HERE / "pytorch_peer.py", *self.peer]).split()[-1])


def run(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def step_cells():
    for optimizer in OPTIMIZERS:
        for implementation in ("default", "foreach", "fused"):
            if (optimizer, implementation) == ("RMSPROP", "fused"):
                continue  # PyTorch has none
            yield Cell(
                f"step over ResNet-20's parameters, {optimizer}: noisy fused / PyTorch {implementation}",
                "StepBenchmark",
                {"algorithm": optimizer, "parameters": "RESNET20", "variant": "NOISY_FUSED"},
                ["step", "RESNET20", optimizer, implementation],
            )


def train_cells():
    for network, title in (("CNN28", "small CNN, batch 64"), ("RESNET20", "ResNet-20, batch 128")):
        for precision in ("FP32", "BF16"):
            yield Cell(
                f"training step, {title}, {precision}: noisylr / PyTorch",
                "TrainingBenchmark",
                {"network": network, "precision": precision, "variant": "NOISY_FUSED"},
                ["train", network, precision],
            )


def interval(ratios):
    logs = [math.log(ratio) for ratio in ratios]
    mean = statistics.fmean(logs)
    if len(logs) < 2:
        return f"{math.exp(mean):.3f}"
    half = T95.get(len(logs) - 1, 1.96) * statistics.stdev(logs) / math.sqrt(len(logs))
    return f"{math.exp(mean):.3f} ({math.exp(mean - half):.3f} to {math.exp(mean + half):.3f})"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("peers.json"))
    parser.add_argument("what", nargs="*", metavar="step|train")
    arguments = parser.parse_args()
    kinds = {"step": step_cells, "train": train_cells}
    for what in arguments.what:
        if what not in kinds:
            parser.error(f"step or train expected, but found {what}")
    if arguments.rounds < 1:
        parser.error(f"--rounds must be in [1, inf), but is {arguments.rounds}")
    if not JAR.exists():
        sys.exit(f"{JAR} is missing: run mvn -B -q -DskipTests package first")
    cells = [cell for what in arguments.what or kinds for cell in kinds[what]()]
    times = {cell.name: [] for cell in cells}
    for number in range(arguments.rounds):
        for cell in cells:
            sides = [("noisylr", cell.ours), ("pytorch", lambda: cell.theirs(arguments.python))]
            times[cell.name].append(
                {name: measure() for name, measure in (sides if number % 2 == 0 else sides[::-1])}
            )
            print(f"round {number + 1}: {cell.name}: {times[cell.name][-1]}", file=sys.stderr)
        arguments.out.write_text(json.dumps(times, indent=1) + "\n")
    print("| what | noisylr, µs | PyTorch, µs | ratio |\n|---|---|---|---|")
    for name, rounds in times.items():
        ours, theirs = ([r[side] for r in rounds] for side in ("noisylr", "pytorch"))
        ratio = interval([a / b for a, b in zip(ours, theirs)])
        print(f"| {name} | {statistics.fmean(ours):.0f} | {statistics.fmean(theirs):.0f} | {ratio} |")


if __name__ == "__main__":
    main()
