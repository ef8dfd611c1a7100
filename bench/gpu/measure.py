#!/usr/bin/env python3
"""Tests and measures noisylr on a GPU and prints one table. Requires no network.

    python3 bench/gpu/measure.py [--libtorch DIR] [--pieces DIR] [--only cpp|java] [--out DIR]

Requires this repository, g++ 11, CMake 3.25, make, for part 5 CUDA's headers, and a LibTorch for
CUDA, 2.10 or newer, unpacked (--libtorch) or as the Python package torch. The script

1. builds native/ against that LibTorch,
2. runs the C++ tests on the device,
3. times steps (plain, noisy, fused, noisy fused, and the fused steps of Python PyTorch if it is
   installed) of five optimizers over the parameters of three models, in alternating order,
4. checks that memory does not grow over 10,000 steps,
5. compares and times training steps of ResNet-20: captured in a CUDA graph, uncaptured, and with
   Python PyTorch,
6. runs the Java tests on the device, trains, also with captured steps, and runs the quickstart, if
   Java and noisylr's jars are present.

bench/gpu/pack.py packs the jars on another machine, in pieces for --pieces. --out stores each
result: run the same command again to resume after an interruption or to repeat failed parts.
Exit code 0: nothing failed, and no promise is broken.
"""

import argparse
import datetime
import functools
import os
import pathlib
import platform
import re
import shutil
import statistics
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "peers"))

import java  # noqa: E402
import native  # noqa: E402
from ratio import MOST_ROUNDS, ends, interval  # noqa: E402
from session import Session, commit, text_of  # noqa: E402

MODELS = ["resnet20", "resnet50", "wrn16-8"]
OPTIMIZERS = ["sgd", "adam", "adamw", "adagrad", "rmsprop"]

# The ratios of the table, with the largest value that noisylr promises. PyTorch has no fused RMSprop,
# and on CUDA no fused Adagrad.
RATIOS = [
    ("noisy", "plain", 1.01, OPTIMIZERS),
    ("fused", "plain", None, []),
    ("noisy_fused", "plain", 0.15, OPTIMIZERS[:-1]),
    ("noisy_fused", "pytorch", 1.00, OPTIMIZERS[:-2]),
]
TRAINING_RATIOS = [
    ("captured", "pytorch", 1 / 3, ["sgd"]),
    ("captured", "uncaptured", None, []),
    ("uncaptured", "pytorch", None, []),
]


def describe_machine(session):
    device = session.options.device
    cpu = pathlib.Path("/proc/cpuinfo").read_text() if os.path.exists("/proc/cpuinfo") else ""
    model = re.search(r"^model name\s*:\s*(.*)$", cpu, re.MULTILINE)
    gpu = text_of(["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"])
    torch = session.python(
        f"import torch; torch.ones(1, device='{device}'); print(torch.__version__,"
        " 'CUDA', torch.version.cuda, 'cuDNN', torch.backends.cudnn.version())"
    )
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
        "command": " ".join(["measure.py", *sys.argv[1:]]),
        "commit": commit(),
        "machine": f"{model[1] if model else platform.machine()}, {os.cpu_count()} processors",
        "device": device,
        "GPU": gpu or "none",
        "PyTorch": torch or "none",
    }


def summary(result):
    return ", ".join(f"{key}: {value}" for key, value in result.items())


def state_of(ratios, limit):
    """Returns whether a promise is kept; undecided if the limit is within the interval."""
    low, high = ends(ratios)
    return "kept" if high <= limit else "broken" if low > limit else "undecided"


def ratio_table(results, title, parts, ratios, base, counts):
    """Returns the lines of a table with a row for each of `parts`, and counts its promises."""
    heads = [title, f"{base}, µs"]
    for over, under, limit, _ in ratios:
        promise = f" ≤ {limit:.2f}" if limit else ""
        heads.append(f"{over} / {under}{promise}".replace("_", " "))
    lines = ["", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for part, (row, optimizer) in parts.items():
        result = results.pop(part, {"not run": part})
        rounds = result.get("microseconds", [])
        cells = [row]
        if rounds:
            cells.append(f"{statistics.median(times[base] for times in rounds):.0f}")
        else:
            cells.append(summary(result))
        for over, under, limit, promised in ratios:
            measured = [times[over] / times[under] for times in rounds if under in times]
            cell = [interval(measured)] if measured else []
            if optimizer in promised:
                state = state_of(measured, limit) if measured else "not measured"
                counts[state] += 1
                cell.append(state)
            cells.append(", ".join(cell))
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def table(session):
    """Returns the table in Markdown, and whether all promises that were measured are kept."""
    results = dict(session.results)
    counts = {"kept": 0, "undecided": 0, "broken": 0, "not measured": 0}
    lines = [f"- {key}: {value}" for key, value in results.pop("machine").items()]
    lines.append(f"- LibTorch: {summary(results.pop('build', {'not run': 'build'}))}")
    steps = {
        f"steps/{model}/{optimizer}": (f"{model}, {optimizer}", optimizer)
        for model in MODELS
        for optimizer in OPTIMIZERS
    }
    lines += ratio_table(results, "step", steps, RATIOS, "plain", counts)
    training = {"captured": ("resnet20, batch 128, sgd", "sgd")}
    lines += ratio_table(results, "training step", training, TRAINING_RATIOS, "captured", counts)
    lines += ["", "| what | result |", "|---|---|"]
    lines += [f"| {name} | {summary(result)} |" for name, result in results.items()]
    promises = ", ".join(f"{count} {state}" for state, count in counts.items())
    return "\n".join([*lines, "", f"Promises: {promises}.", ""]), counts["broken"] == 0


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    folder = {"type": pathlib.Path, "metavar": "DIR"}
    parser.add_argument("--device", default="cuda", help="cuda, cuda:1, …; cpu to try this script")
    parser.add_argument("--libtorch", **folder, help="an unpacked LibTorch")
    parser.add_argument("--libtorch-lib", **folder, help="its libraries, if in another folder")
    parser.add_argument("--python", default=sys.executable, help="an interpreter that may have torch")
    parser.add_argument("--only", choices=["cpp", "java"], help="parts 1 to 5, or 6")
    parser.add_argument("--pieces", **folder, help="the files that pack.py wrote")
    parser.add_argument("--out", **folder, default=HERE / "target", help="stores results and logs")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--milliseconds", type=int, default=200, help="of each variant in a round")
    parser.add_argument("--soak", type=int, default=10_000, metavar="STEPS")
    options = parser.parse_args()
    if not re.fullmatch(r"cpu|cuda(:\d{1,2})?", options.device):
        parser.error(f"--device must be cuda, cuda:INDEX or cpu, but is {options.device}")
    if not 3 <= options.rounds <= MOST_ROUNDS:
        parser.error(f"--rounds must be in [3, {MOST_ROUNDS}], but is {options.rounds}")
    for name, least in (("milliseconds", 1), ("soak", 10)):
        if getattr(options, name) < least:
            parser.error(f"--{name} must be at least {least}, but is {getattr(options, name)}")
    for path in (options.libtorch, options.libtorch_lib, options.pieces):
        if path and not path.is_dir():
            parser.error(f"{path} is not a folder")
    home = os.environ.get("JAVA_HOME")
    options.java = shutil.which(pathlib.Path(home, "bin/java") if home else "java")
    return options


def main():
    options = parse_options()
    try:
        session = Session(options)
    except OSError as error:
        sys.exit(f"measure.py: cannot write to {options.out}: {error.strerror}")
    session.check_settings()
    session.run_part("machine", describe_machine)
    if options.only != "java":
        session.run_part("build", native.build, repeat=True)
        session.run_part("tests", native.run_tests)
        for model in MODELS:
            for optimizer in OPTIMIZERS:
                part = functools.partial(native.time_steps, model=model, optimizer=optimizer)
                session.run_part(f"steps/{model}/{optimizer}", part)
        session.close()
        session.run_part("soak", native.soak)
        session.run_part("capture", native.compare_captured)
        session.run_part("captured", native.time_captured)
    if options.only != "cpp":
        session.run_part("jars", java.unpack, repeat=options.pieces is not None)
        session.run_part("java-tests", java.run_tests)
        for name in java.COMMANDS:
            session.run_part(name, functools.partial(java.run_command, name=name))
    text, promises_kept = table(session)
    (session.out / "results.md").write_text(text)
    print(text, end="")
    sys.exit(1 if session.failed or not promises_kept else 0)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("measure.py: interrupted; run the same command again to resume", file=sys.stderr)
        sys.exit(130)
