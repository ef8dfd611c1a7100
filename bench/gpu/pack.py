#!/usr/bin/env python3
"""Packs the files of measure.py's Java parts, for a machine without network.

    mvn -B -q -Pgpu -DskipTests package
    python3 bench/gpu/pack.py OUT [--megabytes N]

Writes pieces of at most N MB (by default 55) and their checksums, SHA256SUMS, into the folder OUT.
The pieces contain the fat jar, the tests that require a GPU, and these tests' libraries, which Maven
downloads.
"""

import argparse
import hashlib
import io
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FAT_JAR = ROOT / "java/launcher/target/noisylr.jar"
TEST_CLASSES = [ROOT / f"java/{module}/target/test-classes" for module in ("torch", "train")]
CUDA_LIBRARY = "org/bytedeco/pytorch/linux-x86_64-gpu/libtorch_cuda.so"
MOST_MEGABYTES = 1000


class Pieces:
    """A stream that is written to files of limited size."""

    def __init__(self, folder, most):
        self.folder, self.most = folder, most
        self.pending = bytearray()
        self.sums = []

    def write(self, data):
        self.pending += data
        while len(self.pending) >= self.most:
            self.write_piece(self.most)
        return len(data)

    def write_piece(self, count):
        name = f"noisylr-gpu.tar.{len(self.sums):03}"
        piece = bytes(self.pending[:count])
        del self.pending[:count]
        (self.folder / name).write_bytes(piece)
        self.sums.append(f"{hashlib.sha256(piece).hexdigest()}  {name}\n")

    def close(self):
        if self.pending:
            self.write_piece(len(self.pending))
        (self.folder / "SHA256SUMS").write_text("".join(self.sums))


def fail(message):
    sys.exit(f"pack.py: {message}")


def maven(*arguments):
    done = subprocess.run(["mvn", "-B", "-q", *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        fail(f"Maven failed: {(done.stdout or done.stderr).strip()[:300]}")


def test_libraries(folder):
    """Downloads JUnit's console and AssertJ with its dependencies."""
    (junit,) = re.findall(r"<junit.version>5\.(.*)</junit.version>", (ROOT / "pom.xml").read_text())
    console = f"org.junit.platform:junit-platform-console-standalone:1.{junit}"
    maven("-N", "dependency:copy", f"-Dartifact={console}", f"-DoutputDirectory={folder}")
    maven(
        "-pl",
        "java/core",
        "dependency:copy-dependencies",
        "-DincludeArtifactIds=assertj-core,byte-buddy",
        f"-DoutputDirectory={folder}",
    )
    return sorted(folder.glob("*.jar"))


def test_jar():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as jar:
        for classes in TEST_CLASSES:
            for file in sorted(classes.rglob("*")):
                if file.is_file() and "Inputs" not in str(file):
                    jar.write(file, file.relative_to(classes))
    return content.getvalue()


def check_built(for_cuda):
    for file in [FAT_JAR, *TEST_CLASSES]:
        if not file.exists():
            fail(f"{file} does not exist: run mvn -B -q -Pgpu -DskipTests package first")
    with zipfile.ZipFile(FAT_JAR) as jar:
        if for_cuda and CUDA_LIBRARY not in jar.namelist():
            fail(f"{FAT_JAR} is built for the CPU: run mvn -B -q -Pgpu -DskipTests package first")


def add(tar, name, content):
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=pathlib.Path, metavar="OUT")
    parser.add_argument("--megabytes", type=int, default=55, metavar="N")
    parser.add_argument("--cpu", action="store_true", help="pack a build for the CPU, to try this script")
    options = parser.parse_args()
    if not 1 <= options.megabytes <= MOST_MEGABYTES:
        parser.error(f"--megabytes must be in [1, {MOST_MEGABYTES}], but is {options.megabytes}")
    check_built(for_cuda=not options.cpu)
    if options.out.exists() and (not options.out.is_dir() or any(options.out.iterdir())):
        fail(f"OUT must be a new or empty folder, but is {options.out}")
    options.out.mkdir(parents=True, exist_ok=True)
    pieces = Pieces(options.out, options.megabytes * 1_000_000)
    with tempfile.TemporaryDirectory() as folder:
        libraries = test_libraries(pathlib.Path(folder))
        with tarfile.open(fileobj=pieces, mode="w|") as tar:
            tar.add(FAT_JAR, "noisylr.jar")
            add(tar, "tests/noisylr-tests.jar", test_jar())
            for library in libraries:
                tar.add(library, f"tests/{library.name}")
    pieces.close()
    print(f"{len(pieces.sums)} pieces in {options.out}")


if __name__ == "__main__":
    main()
