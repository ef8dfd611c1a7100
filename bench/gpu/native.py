"""The native parts: the build, the C++ tests, the times of steps and the memory of many steps."""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess

from session import ROOT, Failed, reason_in, text_of

HERE = pathlib.Path(__file__).resolve().parent

# CTest's other programs test the build, not the library.
TESTS = "fused|fused_changes|fused_drop_in|fused_memory|noise|noisy|state|archive|l4|perturbation|lifetime|memory|allocation"

# MiB by which memory may grow between a tenth of the steps and the end.
SLACK = {"host": 16, "device": 2}


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
    jobs = ["--parallel", os.cpu_count() or 1]
    cache = [f"-D{name}={value}" for name, value in settings.items()]
    text = session.run(["cmake", "-S", ROOT / "native", "-B", folder, *cache], "configure.log")
    found = re.search(r"-- LibTorch (\S+): headers (.*), libraries (.*)", text)
    if not found:
        raise Failed("CMake did not print the LibTorch that it found")
    session.run(["cmake", "--build", folder, *jobs, "--target", "noisylr", "noisylr_tests"], "build.log")
    session.run(["cmake", "--install", folder], "install.log")
    folder = session.steps.parent
    session.run(["cmake", "-S", HERE, "-B", folder, f"-DCMAKE_PREFIX_PATH={prefix}"], "configure-steps.log")
    session.run(["cmake", "--build", folder, *jobs], "build-steps.log")
    return {"version": found[1], "libraries": found[3]}


def run_tests(session):
    """Runs the C++ tests on the device, and those of the CPU against this LibTorch."""
    session.require("build")
    folder, environment = session.out / "build", session.environment()
    golden = ROOT / "native/test/golden"
    text = session.run([folder / "test/noisylr_tests", "device"], "device-tests.log", env=environment, cwd=golden)
    on_device = re.search(r"(\d+) tests, (\d+) failed", text)
    text = session.run(
        ["ctest", "--test-dir", folder, "--output-on-failure", "-R", f"^({TESTS})$"],
        "ctest.log",
        env=environment,
    )
    on_cpu = re.search(r"tests passed, (\d+) tests failed out of (\d+)", text)
    if not on_device or not on_cpu:
        raise Failed("the tests did not print their number")
    return {"on the device": int(on_device[1]), "test programs on the CPU": int(on_cpu[2])}


class Program:
    """A program that writes a line when it is ready, and one for each line that it reads."""

    def __init__(self, command, environment, log, greeting=""):
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
        self.write(greeting)
        self.read()

    def write(self, text):
        # read() detects a program that ended.
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(text)
            self.process.stdin.flush()

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            self.process.kill()
            self.process.wait()
            raise Failed(f"the program ended, see {self.log}: {reason_in(self.log.read_text())}")
        return line.strip()

    def next(self):
        self.write("\n")
        return self.read()

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()


def time_steps(session, model, optimizer):
    """Times the steps of all variants and, if PyTorch runs on the device, of its optimizer."""
    session.require("build")
    options, environment = session.options, session.environment()
    milliseconds = options.milliseconds
    programs = {}
    try:
        programs["noisylr"] = Program(
            [session.steps, "time", options.device, model, optimizer, milliseconds],
            environment,
            session.logs / "steps.log",
        )
        if session.results["machine"]["PyTorch"] != "none":
            shapes = session.run([session.steps, "shapes", model], "shapes.log", env=environment)
            programs["pytorch"] = Program(
                [options.python, HERE / "peer.py", options.device, optimizer, milliseconds],
                os.environ,
                session.logs / "peer.log",
                shapes + "\n",
            )
        rounds = []
        for number in range(options.rounds):
            times = {}
            for name in list(programs)[:: 1 if number % 2 == 0 else -1]:
                line = programs[name].next()
                times.update((key, float(value)) for key, value in re.findall(r"(\w+)=(\S+)", line))
            rounds.append(times)
    finally:
        for program in programs.values():
            program.close()
    return {"microseconds": rounds}


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
        early = memory(program.process.pid, options.device)
        program.next()
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
