"""The parts of a measurement and their results, which files store so that it can be resumed."""

import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class Skipped(Exception):
    """A part is not possible on this machine; the message says why."""


class Failed(Exception):
    """A part failed; the message says why."""


class Session:
    """The options, the output folder and the result of each part."""

    def __init__(self, options):
        self.options = options
        self.out = options.out.resolve()
        self.logs = self.out / "logs"
        self.steps = self.out / "steps/steps"
        self.jars = self.out / "jars"
        self.results = {}
        self.timers = None
        self.failed = False
        self.logs.mkdir(parents=True, exist_ok=True)

    def check_settings(self):
        """Rejects an output folder of another commit or other options: a table has one setting."""
        options = self.options
        settings = {
            "commit": commit(),
            "device": options.device,
            "libtorch": [str(options.libtorch), str(options.libtorch_lib), options.python],
            "rounds": options.rounds,
            "milliseconds": options.milliseconds,
            "soak": options.soak,
        }
        file = self.out / "settings.json"
        if not file.exists():
            write_json(file, settings)
        elif json.loads(file.read_text()) != settings:
            sys.exit(f"measure.py: {self.out} contains results of other options or another commit: choose another --out")

    def close(self):
        """Ends the programs that parts share."""
        if self.timers:
            self.timers.close()
            self.timers = None

    def run_part(self, name, part, repeat=False):
        """Runs a part and stores its result; reads a stored result unless `repeat` is set."""
        file = self.out / "results" / (name.replace("/", "-") + ".json")
        if file.exists() and not repeat:
            self.results[name] = json.loads(file.read_text())
            return
        print(f"-- {name}", file=sys.stderr, flush=True)
        try:
            self.results[name] = part(self)
            file.parent.mkdir(exist_ok=True)
            write_json(file, self.results[name])
        except Skipped as reason:
            self.results[name] = {"skipped": str(reason)}
            print(f"   skipped: {reason}", file=sys.stderr, flush=True)
        except (Failed, OSError) as reason:
            self.failed = True
            self.results[name] = {"failed": str(reason)}
            print(f"   FAILED: {reason}", file=sys.stderr, flush=True)

    def require(self, name):
        """Skips the current part unless the part `name` succeeded."""
        result = self.results[name]
        if "failed" in result:
            raise Skipped(f"{name} failed")
        if "skipped" in result:
            raise Skipped(result["skipped"])

    def environment(self):
        """Returns the environment of a program on the device, with the CUDA libraries of Python packages.

        LibTorch's libraries are not added: Java brings its own, and a process must load only one.
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
            "NOISYLR_TEST_DEVICE": self.options.device,
        }

    def python(self, code):
        """Returns what a line of Python prints; empty if it fails."""
        return text_of([self.options.python, "-c", code])

    def run(self, command, log, **options):
        """Runs a command, writes its output to a log file and returns it."""
        path = self.logs / log
        command = [str(part) for part in command]
        with path.open("w") as output:
            try:
                done = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, **options)
            except OSError as error:
                raise Failed(f"cannot run {command[0]}: {error.strerror}") from error
        text = path.read_text(errors="replace")
        if done.returncode != 0:
            raise Failed(f"{pathlib.Path(command[0]).name} failed, see {path}: {reason_in(text)}")
        return text


def write_json(file, value):
    temporary = file.with_suffix(".tmp")
    temporary.write_text(json.dumps(value, indent=1) + "\n")
    temporary.replace(file)


def text_of(command):
    """Returns what a command prints; empty if it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def reason_in(text):
    """Returns the first line that mentions an error, or the last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if re.search(r"error|fail|what\(\)", line, re.IGNORECASE)]
    return (errors[:1] or lines[-1:] or ["no output"])[0][:200]


def commit():
    return text_of(["git", "-C", str(ROOT), "describe", "--always", "--dirty"]) or "unknown"
