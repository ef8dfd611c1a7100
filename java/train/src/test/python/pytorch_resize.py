#!/usr/bin/env python3
"""Writes ../resources/pytorch-resize.csv: images resized by PyTorch.

ResizerTest.java compares its images with that file. Requires PyTorch 2.13:

    python pytorch_resize.py

The bytes of an image come from SplitMix64, as there. Sizes and crop are those of torchvision's
Resize and CenterCrop.
"""

import csv
from pathlib import Path

import torch

MASK = 2**64 - 1

# width, height, channels, side
CASES = [
    (8, 8, 3, 8),
    (16, 16, 1, 8),
    (37, 21, 3, 8),
    (21, 37, 3, 8),
    (5, 4, 3, 8),
    (100, 75, 1, 16),
    (75, 101, 3, 9),
    (256, 8, 1, 8),
    (333, 250, 3, 12),
]


def samples(count):
    state = count
    values = []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        values.append((z ^ (z >> 31)) & 0xFF)
    return values


def resize(width, height, channels, side):
    image = torch.tensor(samples(channels * height * width), dtype=torch.float32)
    shorter = min(width, height)
    new_height = int(side * height / shorter)
    new_width = int(side * width / shorter)
    image = torch.nn.functional.interpolate(
        image.view(1, channels, height, width),
        size=(new_height, new_width),
        mode="bilinear",
        align_corners=False,
        antialias=True,
    )
    top = int(round((new_height - side) / 2.0))
    left = int(round((new_width - side) / 2.0))
    image = image[:, :, top : top + side, left : left + side]
    return bytes(image.round().clamp(0, 255).to(torch.uint8).flatten().tolist())


def main():
    assert torch.__version__.startswith("2.13."), torch.__version__
    path = Path(__file__).parent.parent / "resources" / "pytorch-resize.csv"
    path.parent.mkdir(exist_ok=True)
    with open(path, "w", newline="", encoding="ascii") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["width", "height", "channels", "side", "samples"])
        for case in CASES:
            writer.writerow([*case, resize(*case).hex()])


if __name__ == "__main__":
    main()
