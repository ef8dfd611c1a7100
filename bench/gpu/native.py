"""The native parts: the build, the C++ tests, the times of steps and the memory of many steps."""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess

from session import ROOT, Failed, Skipped, reason_in, text_of

HERE = pathlib.Path(__file__).resolve().parent

# MiB by which memory may grow between a tenth of the steps and the end.
SLACK = {"host": 16, "device": 2}

# Steps whose losses are compared, and the part of a loss that rounding may change in them.
COMPARED, ROUNDING = 100, 1e-3


def build(session):
    """Builds native/ and the program that times steps."""
    options = session.options
    folder, prefix = session.out / "build", session.out / "prefix"
    settings = {
        "CMAKE_BUILD_TYPE": "Release",
        "LIBTORCH_ANY": "ON",
        "BUILD_TESTING": "ON",
        "CMAKE_INSTALL_PREFIX": prefix,
    }
    if options.libtorch:
        settings["LIBTORCH_ROOT"] = options.libtorch.resolve()
    else:
        settings["LIBTORCH_PYTHON"] = shutil.which(options.python) or options.python
    if options.libtorch_lib:
        settings["LIBTORCH_LIB_DIR"] = options.libtorch_lib.resolve()
    nvcc = shutil.which("nvcc")
    if nvcc and "CUDA_PATH" not in os.environ:
        settings["CUDA_INCLUDE_DIR"] = pathlib.Path(nvcc).resolve().parent.parent / "include"
    jobs = ["--parallel", os.cpu_count() or 1]
    cache = [f"-D{name}={value}" for name, value in settings.items()]
    text = session.run(["cmake", "-S", ROOT / "native", "-B", folder, *cache], "configure.log")
    found = re.search(r"-- LibTorch (\S+): headers", text)
    if not found:
        raise Failed("CMake did not print the LibTorch that it found")
    session.run(["cmake", "--build", folder, *jobs, "--target", "all", "noisylr_tests"], "build.log")
    session.run(["cmake", "--install", folder], "install.log")
    folder = session.steps.parent
    session.run(["cmake", "-S", HERE, "-B", folder, f"-DCMAKE_PREFIX_PATH={prefix}"], "configure-steps.log")
    session.run(["cmake", "--build", folder, *jobs], "build-steps.log")
    captures = any(prefix.rglob("libnoisylr_cuda.so"))
    return {"version": found[1], "captured steps": "yes" if captures else "no"}


def run_tests(session):
    """Runs the C++ tests on the device."""
    session.require("build")
    program = session.out / "build/test/noisylr_tests"
    text = session.run([program, "device"], "device-tests.log", env=session.environment())
    count = re.search(r"(\d+) tests, 0 failed", text)
    if not count:
        raise Failed("the tests did not print their number")
    return {"successful": int(count[1])}


class Program:
    """A program that answers each line with a line."""

    def __init__(self, command, environment, log):
        self.log = log
        with log.open("w") as errors:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=environment,
            )

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            self.process.kill()
            self.process.wait()
            raise Failed(f"the program ended, see {self.log}: {reason_in(self.log.read_text())}")
        return line.strip()

    def ask(self, line):
        # read() detects a program that ended.
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        return self.read()

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()


def rounds_of(programs, count):
    """Returns the times of each round; every other round asks the programs in reverse order."""
    rounds = []
    for number in range(count):
        times = {}
        for program in programs[:: 1 if number % 2 == 0 else -1]:
            times.update((key, float(value)) for key, value in re.findall(r"(\w+)=(\S+)", program.ask("round")))
        rounds.append(times)
    return rounds


class StepTimers:
    """The programs that time steps, started once: they take seconds to load CUDA."""

    def __init__(self, session):
        options = session.options
        where = [options.device, options.milliseconds]
        self.own = Program([session.steps, "time", *where], session.environment(), session.logs / "steps.log")
        self.programs = [self.own]
        if session.results["machine"]["PyTorch"] != "none":
            command = [options.python, HERE / "peer.py", *where]
            self.programs.append(Program(command, os.environ, session.logs / "peer.log"))

    def close(self):
        for program in self.programs:
            program.close()


def time_steps(session, model, optimizer):
    """Times the steps of all variants and, if PyTorch runs on the device, of its optimizer."""
    session.require("build")
    if not session.timers:
        session.timers = StepTimers(session)
    try:
        timers = session.timers
        shapes = timers.own.ask(f"shapes {model}")
        timers.own.ask(f"prepare {model} {optimizer}")
        for peer in timers.programs[1:]:
            peer.ask(f"prepare {optimizer} {shapes}")
        return {"microseconds": rounds_of(timers.programs, session.options.rounds)}
    except Failed:
        session.close()
        raise


def compare_captured(session):
    """Compares the losses of captured training steps with those of the same steps, uncaptured."""
    require_capture(session)
    text = session.run(
        [session.steps.with_name("train"), "compare", session.options.device, COMPARED],
        "compare.log",
        env=session.environment(),
    )
    result = dict(re.findall(r"(\w+)=(\S+)", text))
    if float(result["difference"]) > ROUNDING:
        raise Failed(f"the losses differ by up to {result['difference']} of their value")
    return result


def time_captured(session):
    """Times training steps: captured, uncaptured, and Python PyTorch's."""
    require_capture(session)
    options = session.options
    where = [options.device, options.milliseconds]
    programs = [
        Program([session.steps.with_name("train"), "time", *where], session.environment(), session.logs / "train.log")
    ]
    if session.results["machine"]["PyTorch"] != "none":
        command = [options.python, HERE / "train_peer.py", *where]
        programs.append(Program(command, os.environ, session.logs / "train-peer.log"))
    try:
        for program in programs:
            program.read()
        return {"microseconds": rounds_of(programs, options.rounds)}
    finally:
        for program in programs:
            program.close()


def require_capture(session):
    session.require("build")
    if session.options.device == "cpu":
        raise Skipped("a step can be captured on CUDA only")
    if session.results["build"]["captured steps"] == "no":
        raise Skipped("CUDA's headers were not found: set CUDA_PATH")


def soak(session):
    """Compares the memory after a tenth of the steps with that at the end."""
    session.require("build")
    options = session.options
    program = Program(
        [session.steps, "soak", options.device, "resnet20", "adam", options.soak],
        session.environment(),
        session.logs / "soak.log",
    )
    try:
        program.read()
        early = memory(program.process.pid, options.device)
        program.ask("")
        late = memory(program.process.pid, options.device)
    finally:
        program.close()
    for where in early:
        if late[where] > early[where] + SLACK[where]:
            raise Failed(f"memory on the {where} grew from {early[where]} to {late[where]} MiB")
    return {"steps": options.soak, "MiB": [early, late]}


def memory(pid, device):
    """Returns the MiB of a process on the host, and those of all processes on the device.

    A container hides which process uses the device's memory.
    """
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    used = {"host": int(re.search(r"VmRSS:\s*(\d+)", status)[1]) // 1024}
    if device != "cpu":
        index = int(device.partition(":")[2] or 0)
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        gpu = visible.split(",")[index] if visible else str(index)
        query = ["--query-gpu=memory.used", "--format=csv,noheader,nounits"]
        text = text_of(["nvidia-smi", "-i", gpu, *query])
        if not text.isdigit():
            raise Failed("nvidia-smi does not print the used memory")
        used["device"] = int(text)
    return used
