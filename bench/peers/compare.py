#!/usr/bin/env python3
"""Measures noisylr and Python PyTorch alternately and prints ratios.

    python3 compare.py [--rounds N] [--python PYTHON] [--out FILE] [step|train]...
    python3 compare.py --table FILE

Requires a build of noisylr. PYTHON is an interpreter that has PyTorch, by default this one. Each
round measures every cell once on each side, in separate processes and in alternating order. FILE
stores the times of all rounds as CSV (default peers.csv); --table prints the tables from it.
Ratios are geometric means over the rounds with Student's 95 % interval.

PyTorch is measured with its defaults. In training, noisylr tells the C library to keep freed
memory, and its steps are fused; the side "tuned" gives both to PyTorch as well.
"""

import argparse
import csv
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

from ratio import MOST_ROUNDS, interval

HERE = pathlib.Path(__file__).resolve().parent
JAR = HERE.parent / "target/benchmarks.jar"

OPTIMIZERS = ["SGD", "ADAM", "ADAMW", "ADAGRAD", "RMSPROP"]

# The settings of noisylr::keep_freed_memory().
KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str((1 << 63) - 1),
    "MALLOC_TOP_PAD_": str(64 << 20),
}


class Cell:
    """A measurement of noisylr and of PyTorch in one or more forms."""

    def __init__(self, name, benchmark, parameters, peers):
        self.name = name
        self.benchmark = benchmark
        self.parameters = parameters
        self.peers = peers  # name → arguments, environment

    def noisylr(self):
        with tempfile.TemporaryDirectory() as folder:
            result = pathlib.Path(folder, "jmh.json")
            command = ["java", "-jar", JAR, self.benchmark, "-f", "1", "-rff", result]
            for name, value in self.parameters.items():
                command += ["-p", f"{name}={value}"]
            run(command)
            (benchmark,) = json.loads(result.read_text())
        return statistics.fmean(benchmark["primaryMetric"]["rawData"][0])

    def sides(self, python):
        yield "noisylr", self.noisylr
        for name, (arguments, environment) in self.peers.items():
            yield name, lambda a=arguments, e=environment: float(run_peer(python, a, e))


def run(command, environment={}):
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, **environment}
        )
    except OSError as error:
        sys.exit(f"compare.py: cannot run {command[0]}: {error.strerror}")
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()
        sys.exit(f"compare.py: {' '.join(map(str, command))} failed: {lines[-1] if lines else ''}")
    return done.stdout


def run_peer(python, arguments, environment={}):
    return run([python, HERE / "pytorch_peer.py", *arguments], environment).split("\n")[-2]


def step_cells():
    for parameters in ("RESNET20", "VGG16", "MLP"):
        for optimizer in OPTIMIZERS:
            # Only ResNet-20 shows the cost of many small tensors.
            forms = ["default", "foreach", "fused"] if parameters == "RESNET20" else ["fused"]
            if optimizer == "RMSPROP":
                forms = [form for form in forms if form != "fused"] or ["foreach"]
            yield Cell(
                f"{optimizer}, {parameters} parameters",
                "StepBenchmark",
                {"algorithm": optimizer, "parameters": parameters, "variant": "NOISY_FUSED"},
                {form: (["step", parameters, optimizer, form], {}) for form in forms},
            )


def train_cells():
    for network, title in (("CNN28", "small CNN, batch 64"), ("RESNET20", "ResNet-20, batch 128")):
        for precision in ("FP32", "BF16"):
            yield Cell(
                f"training step, {title}, {precision.lower()}",
                "TrainingBenchmark",
                {"network": network, "precision": precision, "variant": "NOISY_FUSED"},
                {
                    "eager": (["train", network, precision, "default"], {}),
                    "tuned": (["train", network, precision, "fused"], KEEP_MEMORY),
                },
            )


KINDS = {"step": step_cells, "train": train_cells}


class Measured:
    """The times of all rounds in microseconds, by cell and side, and the CSV file that stores them."""

    def __init__(self, pytorch):
        self.pytorch = pytorch
        self.microseconds = {}

    def add(self, cell, side, time):
        self.microseconds.setdefault(cell, {}).setdefault(side, []).append(time)

    def rounds(self):
        counts = [len(times) for sides in self.microseconds.values() for times in sides.values()]
        return min(counts, default=0)

    def save(self, path):
        try:
            with path.open("w", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow([self.pytorch])
                writer.writerow(["cell", "side", "microseconds of each round"])
                for cell, sides in self.microseconds.items():
                    writer.writerows([cell, side, *times] for side, times in sides.items())
        except OSError as error:
            sys.exit(f"compare.py: cannot write {path}: {error.strerror}")

    @staticmethod
    def load(path):
        try:
            with path.open(newline="") as file:
                (pytorch,), _, *rows = csv.reader(file)
            measured = Measured(pytorch)
            for cell, side, *times in rows:
                for time in times:
                    measured.add(cell, side, float(time))
            return measured
        except OSError as error:
            sys.exit(f"compare.py: cannot read {path}: {error.strerror}")
        except ValueError:
            sys.exit(f"compare.py: {path} is not a file that --out wrote")


def table(measured):
    print(f"{measured.pytorch}; {measured.rounds()} rounds.\n")
    print("| what | noisylr, µs | PyTorch | µs | noisylr / PyTorch |\n|---|---|---|---|---|")
    for name, sides in measured.microseconds.items():
        ours = sides["noisylr"]
        for peer, theirs in sides.items():
            if peer == "noisylr":
                continue
            ratio = interval([a / b for a, b in zip(ours, theirs)])
            means = f"{statistics.fmean(ours):.0f} | {peer} | {statistics.fmean(theirs):.0f}"
            print(f"| {name} | {means} | {ratio} |")


def measure(cells, rounds, python, out):
    measured = Measured(run_peer(python, ["version"]))
    measured.save(out)
    for number in range(1, rounds + 1):
        for cell in cells:
            sides = list(cell.sides(python))
            for side, measure_time in sides if number % 2 else sides[::-1]:
                time = measure_time()
                measured.add(cell.name, side, time)
                print(f"round {number}: {cell.name}: {side} {time:.1f}", file=sys.stderr)
        measured.save(out)
    return measured


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("peers.csv"))
    parser.add_argument("--table", type=pathlib.Path, metavar="FILE")
    parser.add_argument("what", nargs="*", metavar="step|train")
    arguments = parser.parse_args()
    if arguments.table:
        table(Measured.load(arguments.table))
        return
    for what in arguments.what:
        if what not in KINDS:
            parser.error(f"the measurement must be step or train, but is {what}")
    if not 1 <= arguments.rounds <= MOST_ROUNDS:
        parser.error(f"--rounds must be in [1, {MOST_ROUNDS}], but is {arguments.rounds}")
    if not JAR.exists():
        sys.exit(f"compare.py: {JAR} is missing: run mvn -B -q -DskipTests package first")
    cells = [cell for what in arguments.what or KINDS for cell in KINDS[what]()]
    table(measure(cells, arguments.rounds, arguments.python, arguments.out))


if __name__ == "__main__":
    main()
