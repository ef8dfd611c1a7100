#!/usr/bin/env python3
"""Measures noisylr and Python PyTorch turn and turn about and prints ratios.

    python3 compare.py [--rounds N] [--python PYTHON] [--out FILE] [step|train]...
    python3 compare.py --table FILE

Build noisylr first. PYTHON is an interpreter that has PyTorch, by default this one. Each round
measures every cell once on each side, in processes of their own and in alternating order; FILE gets
the times of all rounds as JSON (default peers.json), from which --table prints the tables again.
Ratios are geometric means over the rounds with Student's 95 % interval.

PyTorch's side is measured as a user finds it. In training, noisylr tells the C library to keep freed
memory, and has fused steps; the columns "tuned" give both to PyTorch as well.
"""

import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
JAR = HERE.parent / "target/benchmarks.jar"

# Student's t for 95 %, two-sided, for 1, 2, … degrees of freedom.
T95 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
       2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093]  # fmt: skip
MOST_ROUNDS = len(T95) + 1

OPTIMIZERS = ["SGD", "ADAM", "ADAMW", "ADAGRAD", "RMSPROP"]

# What noisylr::keep_freed_memory() sets.
KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str((1 << 63) - 1),
    "MALLOC_TOP_PAD_": str(64 << 20),
}


class Cell:
    """One thing to measure: noisylr's side, and PyTorch's in one or more forms."""

    def __init__(self, name, benchmark, parameters, peers):
        self.name = name
        self.benchmark = benchmark
        self.parameters = parameters
        self.peers = peers  # arguments and environment by name

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
        sys.exit(f"compare.py: {command[0]} does not run: {error.strerror}")
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()
        sys.exit(f"compare.py: {' '.join(map(str, command))} failed: {lines[-1] if lines else ''}")
    return done.stdout


def run_peer(python, arguments, environment={}):
    return run([python, HERE / "pytorch_peer.py", *arguments], environment).split("\n")[-2]


def step_cells():
    for parameters in ("RESNET20", "VGG16", "MLP"):
        for optimizer in OPTIMIZERS:
            # The unfused forms are of interest where the steps themselves are.
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


def geometric_mean(ratios):
    return math.exp(statistics.fmean(map(math.log, ratios)))


def interval(ratios):
    logs = [math.log(ratio) for ratio in ratios]
    mean = statistics.fmean(logs)
    if len(logs) < 3:
        return f"{geometric_mean(ratios):.3f}"
    half = T95[len(logs) - 2] * statistics.stdev(logs) / math.sqrt(len(logs))
    return f"{geometric_mean(ratios):.3f} ({math.exp(mean - half):.3f} to {math.exp(mean + half):.3f})"


def table(measured):
    print(f"{measured['pytorch']}; {measured['rounds']} rounds.\n")
    print("| what | noisylr, µs | PyTorch | µs | noisylr / PyTorch |\n|---|---|---|---|---|")
    for name, sides in measured["microseconds"].items():
        ours = sides["noisylr"]
        for peer, theirs in sides.items():
            if peer == "noisylr":
                continue
            ratio = interval([a / b for a, b in zip(ours, theirs)])
            means = f"{statistics.fmean(ours):.0f} | {peer} | {statistics.fmean(theirs):.0f}"
            print(f"| {name} | {means} | {ratio} |")


def measure(cells, rounds, python, out):
    measured = {
        "pytorch": run_peer(python, ["version"]),
        "rounds": 0,
        "microseconds": {cell.name: {} for cell in cells},
    }
    save(out, measured)
    for number in range(rounds):
        for cell in cells:
            sides = list(cell.sides(python))
            for side, time in sides if number % 2 == 0 else sides[::-1]:
                times = measured["microseconds"][cell.name]
                times.setdefault(side, []).append(time())
                print(f"round {number + 1}: {cell.name}: {side} {times[side][-1]:.1f}", file=sys.stderr)
        measured["rounds"] += 1
        save(out, measured)
    return measured


def save(out, measured):
    try:
        out.write_text(json.dumps(measured, indent=1) + "\n")
    except OSError as error:
        sys.exit(f"compare.py: cannot write {out}: {error.strerror}")


def load(path):
    try:
        measured = json.loads(path.read_text())
        return {key: measured[key] for key in ("pytorch", "rounds", "microseconds")}
    except OSError as error:
        sys.exit(f"compare.py: cannot read {path}: {error.strerror}")
    except (ValueError, KeyError, TypeError):
        sys.exit(f"compare.py: {path} is not what --out wrote")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("peers.json"))
    parser.add_argument("--table", type=pathlib.Path, metavar="FILE")
    parser.add_argument("what", nargs="*", metavar="step|train")
    arguments = parser.parse_args()
    if arguments.table:
        table(load(arguments.table))
        return
    for what in arguments.what:
        if what not in KINDS:
            parser.error(f"step or train expected, but found {what}")
    if not 1 <= arguments.rounds <= MOST_ROUNDS:
        parser.error(f"--rounds must be in [1, {MOST_ROUNDS}], but is {arguments.rounds}")
    if not JAR.exists():
        sys.exit(f"compare.py: {JAR} is missing: run mvn -B -q -DskipTests package first")
    cells = [cell for what in arguments.what or KINDS for cell in KINDS[what]()]
    table(measure(cells, arguments.rounds, arguments.python, arguments.out))


if __name__ == "__main__":
    main()
