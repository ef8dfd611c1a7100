"""Creates the embedded dataset fashion-mnist-mini from the four IDX files of Fashion-MNIST.

    python3 make_fashion_mnist_mini.py SOURCE [TARGET]

SOURCE holds train-images-idx3-ubyte.gz and its three companions (Debian: the folder of the package
dataset-fashion-mnist); TARGET defaults to the module's resources. Standard library only.

The rule uses no random generator, so every version of Python selects the same images. Image i of a
split has the key SHA-256("fashion-mnist-mini/SPLIT/i"). The images with the smallest keys of each
class are selected (600 for training, 100 for testing) and stored in ascending order of their keys.
"""

import gzip
import hashlib
import pathlib
import struct
import sys

CLASSES = 10
PER_CLASS = {"train": 600, "t10k": 100}
RESOURCES = (
    pathlib.Path(__file__).resolve().parents[1]
    / "resources/org/noisylr/train/data/fashion-mnist-mini"
)


def read_idx(path, dimensions):
    """Returns the sizes and the payload of an IDX file of unsigned bytes."""
    content = gzip.decompress(path.read_bytes())
    header = 4 + 4 * dimensions
    magic, *sizes = struct.unpack(f">{1 + dimensions}I", content[:header])
    expected = 1
    for size in sizes:
        expected *= size
    if magic != 0x0800 + dimensions or len(content) != header + expected:
        sys.exit(f"{path} is not a complete IDX file of {dimensions} dimensions")
    return sizes, content[header:]


def write_idx(path, sizes, payload):
    header = struct.pack(f">{1 + len(sizes)}I", 0x0800 + len(sizes), *sizes)
    path.write_bytes(gzip.compress(header + payload, compresslevel=9, mtime=0))


def select(split, labels, per_class):
    """Returns the indices of the selected images in stored order."""
    kept = [0] * CLASSES
    chosen = []
    for i in sorted(range(len(labels)), key=lambda i: key(split, i)):
        if kept[labels[i]] < per_class:
            kept[labels[i]] += 1
            chosen.append(i)
    if kept != [per_class] * CLASSES:
        sys.exit(f"{split} has too few images of a class: {kept}")
    return chosen


def key(split, index):
    return hashlib.sha256(f"fashion-mnist-mini/{split}/{index}".encode()).digest()


def main(source, target=RESOURCES):
    source, target = pathlib.Path(source), pathlib.Path(target)
    target.mkdir(parents=True, exist_ok=True)
    for split, per_class in PER_CLASS.items():
        images, labels = f"{split}-images-idx3-ubyte.gz", f"{split}-labels-idx1-ubyte.gz"
        (_, height, width), pixels = read_idx(source / images, 3)
        _, classes = read_idx(source / labels, 1)
        chosen = select(split, classes, per_class)
        size = height * width
        kept = b"".join(pixels[i * size : (i + 1) * size] for i in chosen)
        write_idx(target / images, (len(chosen), height, width), kept)
        write_idx(target / labels, (len(chosen),), bytes(classes[i] for i in chosen))


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(*sys.argv[1:])
