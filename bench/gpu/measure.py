#!/usr/bin/env python3
"""Proves and measures noisylr on a GPU, and prints one table at its end. Needs no network.

    python3 bench/gpu/measure.py [--libtorch DIR] [--pieces DIR] [--out DIR]

Needed: this repository, g++ 11, CMake 3.25, make, and a LibTorch for CUDA from 2.10 on, unpacked
(--libtorch) or as the Python package torch. It

1. builds native/ against that LibTorch, whatever its version is,
2. runs the C++ tests on the device,
3. times steps (plain, noisy, fused, noisy fused, and Python PyTorch's own fused ones where there is
   that package) of five optimizers over the parameters of three models, turn and turn about,
4. looks whether the memory of 10,000 steps is flat,
5. where there are Java and noisylr's jars, runs the Java tests on the device and trains.

The jars are those that bench/gpu/pack.py packed elsewhere, in pieces that --pieces names. All that
is done is kept in --out: the same command goes on where it was interrupted, and does again what
failed. Exit code 0 if nothing failed and no promise is broken.
"""

import argparse
import datetime
import hashlib
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tarfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / "peers"))

import ratio  # noqa: E402

MODELS = ["resnet20", "resnet50", "wrn16-8"]
OPTIMIZERS = ["sgd", "adam", "adamw", "adagrad", "rmsprop"]

# What CTest runs beside these looks at the build, not at the library.
CPU_TESTS = "allocation|archive|fused|l4|lifetime|memory|noise|noisy|perturbation|state"

PYTORCH = "Python PyTorch on the device"
NONE = "none"

# Ratios that noisylr promises: over, under, at most, for which optimizers.
PROMISES = [
    ("noisy", "plain", 1.01, OPTIMIZERS),
    ("noisy_fused", "plain", 0.15, OPTIMIZERS[:-1]),
    ("noisy_fused", "pytorch", 1.00, OPTIMIZERS[:-1]),
]

TRAINING = [
    ["--data", "fashion-mnist-mini", "--model", "cnn28", "--lr", "0.01", "--epochs", "8"],
    ["--data", "generated:cifar10", "--model", "resnet20", "--lr", "0.01", "--epochs", "3"],
]


class Skipped(Exception):
    """Something cannot be done here, for a stated reason."""


class Failed(Exception):
    """Something went wrong; the message says what."""


def fail(message):
    sys.exit(f"measure.py: {message}")


class Session:
    """What is measured, and the files that keep it."""

    def __init__(self, given):
        self.given = given
        self.out = given.out.resolve()
        self.build = self.out / "build"
        self.prefix = self.out / "prefix"
        self.steps = self.out / "steps/steps"
        self.has_failed = False
        self.results = {}

    def keep_settings(self):
        """What is measured with other settings does not go into one table."""
        given = self.given
        settings = {
            "commit": COMMIT,
            "device": given.device,
            "libtorch": [str(given.libtorch), str(given.libtorch_lib), given.python],
            "rounds": given.rounds,
            "milliseconds": given.milliseconds,
            "soak": given.soak,
        }
        file = self.out / "settings.json"
        if not file.exists():
            file.write_text(json.dumps(settings, indent=1) + "\n")
        elif json.loads(file.read_text()) != settings:
            fail(f"{self.out} holds what was measured with other settings or another commit: name another --out")

    def do(self, name, work, again=False):
        """Does a part of it, once unless it is to be done again: later calls find its result."""
        file = self.out / "results" / (name.replace("/", "-") + ".json")
        if file.exists() and not again:
            self.results[name] = json.loads(file.read_text())
            return
        print(f"-- {name}", file=sys.stderr, flush=True)
        try:
            result = work()
        except Skipped as reason:
            self.results[name] = {"skipped": str(reason)}
            print(f"   skipped: {reason}", file=sys.stderr, flush=True)
            return
        except (Failed, OSError) as reason:
            self.has_failed = True
            self.results[name] = {"failed": str(reason)}
            print(f"   FAILED: {reason}", file=sys.stderr, flush=True)
            return
        self.results[name] = result
        file.parent.mkdir(parents=True, exist_ok=True)
        aside = file.with_suffix(".tmp")
        aside.write_text(json.dumps(result, indent=1) + "\n")
        aside.replace(file)

    def environment(self):
        """CUDA's own libraries, where Python packages brought them, can be loaded.

        Not LibTorch's: Java brings its own, and there must be one in a process.
        """
        folders = []
        torch = self.python("import importlib.util as u; print(u.find_spec('torch').origin)")
        if torch:
            packages = pathlib.Path(torch).parent.parent
            folders += sorted(str(folder) for folder in packages.glob("nvidia/*/lib"))
        folders.append(os.environ.get("LD_LIBRARY_PATH", ""))
        return {
            **os.environ,
            "LD_LIBRARY_PATH": ":".join(filter(None, folders)),
            "NOISYLR_TEST_DEVICE": self.given.device,
        }

    def python(self, code):
        """What a line of Python prints; empty if it fails."""
        return text_of([self.given.python, "-c", code])

    def run(self, command, log, **more):
        """Runs a command whose output goes to a file below the output folder."""
        path = self.out / "logs" / log
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as output:
            try:
                done = subprocess.run(
                    [str(part) for part in command], stdout=output, stderr=subprocess.STDOUT, **more
                )
            except OSError as error:
                raise Failed(f"{command[0]} does not run: {error.strerror}") from error
        text = path.read_text(errors="replace")
        if done.returncode != 0:
            raise Failed(f"{pathlib.Path(command[0]).name} failed, see {path}: {reason_in(text)}")
        return text


def text_of(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def reason_in(text):
    """The first line that speaks of an error, or the last."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if re.search(r"error|fail|what\(\)", line, re.IGNORECASE)]
    return (errors[:1] or lines[-1:] or ["no output"])[0][:200]


COMMIT = text_of(["git", "-C", str(ROOT), "describe", "--always", "--dirty"]) or "unknown"


# The parts.


def machine(session):
    cpu = pathlib.Path("/proc/cpuinfo").read_text() if os.path.exists("/proc/cpuinfo") else ""
    model = re.search(r"^model name\s*:\s*(.*)$", cpu, re.MULTILINE)
    gpu = text_of(["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"])
    torch = session.python(
        f"import torch; torch.ones(1, device='{session.given.device}'); print(torch.__version__,"
        " 'CUDA', torch.version.cuda, 'cuDNN', torch.backends.cudnn.version())"
    )
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
        "command": "measure.py " + " ".join(session.given.shown),
        "commit": COMMIT,
        "machine": f"{model[1] if model else platform.machine()}, {os.cpu_count()} processors",
        "GPU": gpu or NONE,
        PYTORCH: torch or NONE,
    }


def build(session):
    given = session.given
    options = ["-DCMAKE_BUILD_TYPE=Release", "-DLIBTORCH_ANY=ON", "-DBUILD_TESTING=ON"]
    options.append(f"-DCMAKE_INSTALL_PREFIX={session.prefix}")
    if given.libtorch:
        options.append(f"-DLIBTORCH_ROOT={given.libtorch.resolve()}")
    else:
        options.append(f"-DLIBTORCH_PYTHON={shutil.which(given.python) or given.python}")
    if given.libtorch_lib:
        options.append(f"-DLIBTORCH_LIB_DIR={given.libtorch_lib.resolve()}")
    jobs = ["--parallel", os.cpu_count() or 1]
    text = session.run(["cmake", "-S", ROOT / "native", "-B", session.build, *options], "configure.log")
    found = re.search(r"-- LibTorch (\S+): headers (.*), libraries (.*)", text)
    if not found:
        raise Failed("CMake did not say which LibTorch it found")
    session.run(
        ["cmake", "--build", session.build, *jobs, "--target", "noisylr", "noisylr_tests"], "build.log"
    )
    session.run(["cmake", "--install", session.build], "install.log")
    folder = session.steps.parent
    session.run(
        ["cmake", "-S", HERE, "-B", folder, f"-DCMAKE_PREFIX_PATH={session.prefix}"],
        "configure-steps.log",
    )
    session.run(["cmake", "--build", folder, *jobs], "build-steps.log")
    return {"version": found[1], "libraries": found[3]}


def tests(session):
    need(session, "build")
    environment = session.environment()
    golden = ROOT / "native/test/golden"
    text = session.run(
        [session.build / "test/device_test"], "device-tests.log", env=environment, cwd=golden
    )
    on_device = re.search(r"(\d+) tests, (\d+) failed", text)
    text = session.run(
        ["ctest", "--test-dir", session.build, "--output-on-failure", "-R", f"^({CPU_TESTS})$"],
        "ctest.log",
        env=environment,
    )
    others = re.search(r"tests passed, (\d+) tests failed out of (\d+)", text)
    if not on_device or not others:
        raise Failed("the tests did not say how many they are")
    return {"on the device": int(on_device[1]), "test programs on the CPU": int(others[2])}


class Peer:
    """A program that measures a round for each line that it is given."""

    def __init__(self, command, environment, log, greeting=""):
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("w") as errors:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=environment,
            )
        try:
            self.process.stdin.write(greeting)
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        if self.process.stdout.readline().strip() != "ready":
            self.fail()

    def fail(self):
        self.process.kill()
        self.process.wait()
        raise Failed(f"it ended, see {self.log}: {reason_in(self.log.read_text())}")

    def round(self):
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            self.fail()
        line = self.process.stdout.readline()
        if not line:
            self.fail()
        return line.strip()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def time_steps(session, model, optimizer):
    need(session, "build")
    given, environment = session.given, session.environment()
    milliseconds = str(given.milliseconds)
    logs = session.out / "logs"
    peers = {}
    try:
        peers["noisylr"] = Peer(
            [session.steps, "time", given.device, model, optimizer, milliseconds],
            environment,
            logs / "steps.log",
        )
        if session.results["machine"][PYTORCH] != NONE:
            shapes = session.run([session.steps, "shapes", model], "shapes.log", env=environment).strip()
            peers["pytorch"] = Peer(
                [given.python, HERE / "peer.py", given.device, optimizer, milliseconds],
                os.environ,
                logs / "peer.log",
                shapes + "\n\n",
            )
        rounds = []
        for number in range(given.rounds):
            times = {}
            for name in list(peers)[:: 1 if number % 2 == 0 else -1]:
                line = peers[name].round()
                if name == "noisylr":
                    times.update((key, float(value)) for key, value in re.findall(r"(\w+)=(\S+)", line))
                else:
                    times[name] = float(line)
            rounds.append(times)
    finally:
        for peer in peers.values():
            peer.close()
    return {"microseconds": rounds}


def soak(session):
    """Memory after a tenth of the steps, and at the end."""
    need(session, "build")
    given = session.given
    process = subprocess.Popen(
        [str(session.steps), "soak", given.device, "resnet20", "adam", str(given.soak)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=session.environment(),
    )
    memory = []
    for _ in range(2):
        if not process.stdout.readline():
            process.wait()
            raise Failed("steps soak ended early")
        memory.append({"host": resident(process.pid), "device": used_on_device(given.device)})
        process.stdin.write("\n")
        process.stdin.flush()
    process.stdin.close()
    process.wait()
    early, late = memory
    for where, slack in (("host", 16), ("device", 2)):
        if early[where] is not None and late[where] > early[where] + slack:
            raise Failed(f"memory on the {where} grew from {early[where]} to {late[where]} MiB")
    return {"steps": given.soak, "MiB": memory}


def resident(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s*(\d+)", status)[1]) // 1024


def used_on_device(device):
    """MiB that all programs use on the first GPU: containers hide which is whose."""
    if device == "cpu":
        return None
    index = int(device.partition(":")[2] or 0)
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible:
        index = visible.split(",")[index]
    used = text_of(
        ["nvidia-smi", "-i", str(index), "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
    )
    if not used.isdigit():
        raise Failed("nvidia-smi does not say how much memory is used")
    return int(used)


def unpack(session):
    """Joins the pieces, whose sums are right, and unpacks what they hold."""
    if not session.given.pieces:
        raise Skipped("no jars: --pieces names none")
    if not session.given.java:
        raise Skipped("no Java: put it on the PATH, or set JAVA_HOME")
    folder = session.given.pieces
    sums = folder / "SHA256SUMS"
    if not sums.exists():
        raise Failed(f"{sums} does not exist: copy all that pack.py wrote")
    whole = session.out / "jars.tar"
    with whole.open("wb") as joined:
        for line in sums.read_text().splitlines():
            expected, _, name = line.partition("  ")
            piece = folder / name
            if not piece.exists():
                raise Failed(f"{piece} is missing")
            digest = hashlib.sha256()
            with piece.open("rb") as content:
                while block := content.read(1 << 20):
                    digest.update(block)
                    joined.write(block)
            if digest.hexdigest() != expected:
                raise Failed(f"{piece} is damaged: its SHA-256 is another")
    jars = session.out / "jars"
    shutil.rmtree(jars, ignore_errors=True)
    with tarfile.open(whole) as tar:
        for member in tar:
            if not member.isfile() or not re.fullmatch(r"(tests/)?[\w.-]+\.jar", member.name):
                raise Failed(f"the pieces hold {member.name}, which pack.py does not pack")
            tar.extract(member, jars)
    whole.unlink()
    return {"jars": sorted(str(jar.relative_to(jars)) for jar in jars.rglob("*.jar"))}


def java_tests(session):
    need(session, "jars")
    jars = session.out / "jars"
    console = next(jars.glob("tests/junit-platform-console-standalone*.jar"), None)
    if not console:
        raise Failed("the pieces hold no JUnit")
    classes = ":".join(str(jar) for jar in sorted(jars.rglob("*.jar")) if jar != console)
    text = session.run(
        [
            session.given.java,
            f"-Dgpu.device={session.given.device}",
            "-jar",
            console,
            "execute",
            "--class-path",
            classes,
            f"--scan-class-path={jars / 'tests/noisylr-tests.jar'}",
            "--include-classname=.*GpuTest",
            "--include-tag=gpu",
            "--fail-if-no-tests",
            "--disable-ansi-colors",
        ],
        "java-tests.log",
        env=session.environment(),
    )
    counts = {key: int(count) for count, key in re.findall(r"\[\s*(\d+) tests (\w+)", text)}
    if counts.get("skipped") or counts.get("aborted") or not counts.get("successful"):
        raise Failed("not all Java tests ran, see logs/java-tests.log")
    return {"successful": counts["successful"]}


def train(session, number):
    need(session, "jars")
    jar = session.out / "jars/noisylr.jar"
    folder = session.out / f"train-{number}"
    shutil.rmtree(folder, ignore_errors=True)
    options = [*TRAINING[number], "--noise", "uniform", "--seed", "1"]
    text = session.run(
        [session.given.java, "-jar", jar, "train", *options, "--device", session.given.device, "--out", folder],
        f"train-{number}.log",
        env=session.environment(),
    )
    return {"options": " ".join(options), "end": text.strip().splitlines()[-1]}


def need(session, part):
    result = session.results.get(part, {})
    if "failed" in result or not result:
        raise Skipped(f"{part} failed")
    if "skipped" in result:
        raise Skipped(result["skipped"])


# The table.


def said(result):
    for key in ("skipped", "failed"):
        if key in result:
            return f"{key}: {result[key]}"
    return ", ".join(f"{key} {value}" for key, value in result.items())


def ratio_of(rounds, over, under):
    ratios = [r[over] / r[under] for r in rounds if over in r and under in r]
    return ratios if len(ratios) == len(rounds) else []


def table(session):
    results = session.results
    lines = [f"- {key}: {value}" for key, value in results["machine"].items()]
    lines += [f"- LibTorch: {said(results['build'])}", f"- device: {session.given.device}", ""]
    lines += ["| what | over what | ratio | promised |", "|---|---|---|---|"]
    count = {"held": 0, "broken": 0, "not measured": 0}
    for model in MODELS:
        for optimizer in OPTIMIZERS:
            result = results[f"steps/{model}/{optimizer}"]
            if "microseconds" not in result:
                lines.append(f"| {optimizer}, {model} | | {said(result)} | |")
                count["not measured"] += sum(optimizer in who for *_, who in PROMISES)
                continue
            rounds = result["microseconds"]
            pairs = [("noisy", "plain"), ("fused", "plain"), ("noisy_fused", "plain")]
            for over, under in [*pairs, ("noisy_fused", "pytorch")]:
                ratios = ratio_of(rounds, over, under)
                limit = next(
                    (most for a, b, most, who in PROMISES if (a, b) == (over, under) and optimizer in who),
                    None,
                )
                if not ratios:
                    count["not measured"] += limit is not None
                    continue
                promise = ""
                if limit is not None:
                    kept = "held" if ratio.geometric_mean(ratios) <= limit else "broken"
                    count[kept] += 1
                    promise = f"≤ {limit:.2f}, {kept}"
                name = f"{over.replace('_', ' ')} {optimizer}, {model}"
                lines.append(f"| {name} | {under} | {ratio.interval(ratios)} | {promise} |")
    lines += ["", "| what | result |", "|---|---|"]
    for name in ("tests", "soak", "jars", "java-tests", *(f"train-{n}" for n in range(len(TRAINING)))):
        lines.append(f"| {name} | {said(results[name])} |")
    session.has_failed |= count["broken"] > 0
    lines += ["", "Promises: " + ", ".join(f"{number} {kept}" for kept, number in count.items()) + "."]
    return "\n".join(lines) + "\n"


def parsed():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cuda", help="cuda, cuda:1, …; cpu tries the script itself")
    parser.add_argument("--libtorch", type=pathlib.Path, metavar="DIR", help="an unpacked LibTorch")
    parser.add_argument("--libtorch-lib", type=pathlib.Path, metavar="DIR", help="its libraries, if elsewhere")
    parser.add_argument("--python", default=sys.executable, help="an interpreter that may have torch")
    parser.add_argument("--pieces", type=pathlib.Path, metavar="DIR", help="what pack.py wrote")
    parser.add_argument("--out", type=pathlib.Path, default=HERE / "target", metavar="DIR")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--milliseconds", type=int, default=200, help="of each variant in a round")
    parser.add_argument("--soak", type=int, default=10_000, metavar="STEPS")
    given = parser.parse_args()
    given.shown = sys.argv[1:]
    if not re.fullmatch(r"cpu|cuda(:\d{1,2})?", given.device):
        parser.error(f"--device must be cuda, cuda:INDEX or cpu, but is {given.device}")
    if not 3 <= given.rounds <= ratio.MOST_ROUNDS:
        parser.error(f"--rounds must be in [3, {ratio.MOST_ROUNDS}], but is {given.rounds}")
    for name, least in (("milliseconds", 1), ("soak", 10)):
        if getattr(given, name) < least:
            parser.error(f"--{name} must be at least {least}, but is {getattr(given, name)}")
    for folder in (given.libtorch, given.libtorch_lib, given.pieces):
        if folder and not folder.is_dir():
            parser.error(f"{folder} is not a folder")
    home = os.environ.get("JAVA_HOME")
    given.java = shutil.which(str(pathlib.Path(home, "bin/java"))) if home else shutil.which("java")
    return given


def main():
    session = Session(parsed())
    try:
        session.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f"cannot write to {session.out}: {error.strerror}")
    session.keep_settings()
    session.do("machine", lambda: machine(session))
    session.do("build", lambda: build(session), again=True)
    session.do("tests", lambda: tests(session))
    for model in MODELS:
        for optimizer in OPTIMIZERS:
            session.do(f"steps/{model}/{optimizer}", lambda: time_steps(session, model, optimizer))
    session.do("soak", lambda: soak(session))
    session.do("jars", lambda: unpack(session), again=bool(session.given.pieces))
    session.do("java-tests", lambda: java_tests(session))
    for number in range(len(TRAINING)):
        session.do(f"train-{number}", lambda: train(session, number))
    text = table(session)
    (session.out / "results.md").write_text(text)
    print(text, end="")
    sys.exit(1 if session.has_failed else 0)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("measure.py: interrupted; the same command goes on from there", file=sys.stderr)
        sys.exit(130)
