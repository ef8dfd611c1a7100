"""The Java parts: the jars that pack.py packed, the tests on the device, and training."""

import hashlib
import re
import shutil
import tarfile
import time

from session import Failed, Skipped

CIFAR = "train --data generated:cifar10 --model resnet20 --lr 0.01 --epochs 8 --noise uniform --seed 1"

COMMANDS = {
    "train-mini": "train --data fashion-mnist-mini --model cnn28 --lr 0.01 --epochs 8 --noise uniform --seed 1",
    "train-cifar": CIFAR,
    "train-cifar-captured": f"{CIFAR} --capture",
    "quickstart": "quickstart",
}


def unpack(session):
    """Joins the pieces, checks their checksums and unpacks the jars."""
    if not session.options.pieces:
        raise Skipped("no jars: --pieces is not set")
    if not session.options.java:
        raise Skipped("no Java: put it on the PATH, or set JAVA_HOME")
    shutil.rmtree(session.jars, ignore_errors=True)
    archive = session.out / "jars.tar"
    join(session.options.pieces, archive)
    with tarfile.open(archive) as tar:
        for member in tar:
            if not member.isfile() or not re.fullmatch(r"(tests/)?[\w.-]+\.jar", member.name):
                raise Failed(f"the pieces contain {member.name}, which pack.py does not pack")
            tar.extract(member, session.jars)
    archive.unlink()
    return {"jars": sorted(str(jar.relative_to(session.jars)) for jar in session.jars.rglob("*.jar"))}


def join(folder, archive):
    sums = folder / "SHA256SUMS"
    if not sums.exists():
        raise Failed(f"{sums} does not exist: copy all files that pack.py wrote")
    with archive.open("wb") as joined:
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
                raise Failed(f"{piece} is damaged: its SHA-256 does not match SHA256SUMS")


def run_tests(session):
    """Runs the Java tests tagged `gpu` on the device."""
    session.require("jars")
    console = next(session.jars.glob("tests/junit-platform-console-standalone*.jar"), None)
    if not console:
        raise Failed("the pieces contain no JUnit")
    classes = ":".join(str(jar) for jar in sorted(session.jars.rglob("*.jar")) if jar != console)
    text = session.run(
        [
            session.options.java,
            f"-Dgpu.device={session.options.device}",
            "-jar",
            console,
            "execute",
            "--class-path",
            classes,
            f"--scan-class-path={session.jars / 'tests/noisylr-tests.jar'}",
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


def run_command(session, name):
    """Runs a command of the launcher on the device and returns its last line and its seconds."""
    session.require("jars")
    folder = session.out / name
    shutil.rmtree(folder, ignore_errors=True)
    command = [session.options.java, "-jar", session.jars / "noisylr.jar", *COMMANDS[name].split()]
    start = time.perf_counter()
    text = session.run(
        [*command, "--device", session.options.device, "--out", folder],
        f"{name}.log",
        env=session.environment(),
    )
    seconds = round(time.perf_counter() - start, 1)
    return {"command": COMMANDS[name], "seconds": seconds, "end": text.strip().splitlines()[-1]}
