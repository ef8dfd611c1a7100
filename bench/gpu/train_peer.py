"""Trains ResNet-20 step by step with Python PyTorch, as train.cpp does with noisylr.

    python3 train_peer.py DEVICE MILLISECONDS

Prints "ready" and, for each line of input, the microseconds of a training step. Requires only
PyTorch.
"""

import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

IMAGES, SIZE, PADDING, BATCH = 50_000, 32, 4, 128


def convolution(inputs, outputs, stride):
    return nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)


class Block(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.stride = outputs // inputs
        self.missing = (outputs - inputs) // 2
        self.first, self.norm1 = convolution(inputs, outputs, self.stride), nn.BatchNorm2d(outputs)
        self.second, self.norm2 = convolution(outputs, outputs, 1), nn.BatchNorm2d(outputs)

    def forward(self, x):
        y = self.norm2(self.second(F.relu(self.norm1(self.first(x)))))
        if self.stride > 1:
            # He et al. 2016, option A: every other pixel, and zeros for the new channels.
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.missing, self.missing))
        return F.relu(y + x)


class ResNet20(nn.Module):
    """He et al. 2016, section 4.2."""

    def __init__(self):
        super().__init__()
        widths = [16, 16, 16, 16, 32, 32, 32, 64, 64, 64]
        self.stem, self.norm = convolution(3, 16, 1), nn.BatchNorm2d(16)
        self.blocks = nn.Sequential(*map(Block, widths, widths[1:]))
        self.dense = nn.Linear(64, 10)

    def forward(self, x):
        return self.dense(self.blocks(F.relu(self.norm(self.stem(x)))).mean((2, 3)))


class Run:
    def __init__(self, device):
        self.device = device
        self.pixels = torch.randint(256, (IMAGES, 3, SIZE, SIZE), dtype=torch.uint8).to(device)
        self.labels = torch.randint(10, (IMAGES,)).to(device)
        self.network = ResNet20().to(device, memory_format=torch.channels_last)
        self.optimizer = torch.optim.SGD(
            self.network.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4, fused=True
        )
        self.next = 0

    def batch(self, indices):
        draw = {"device": self.device}
        x = torch.arange(SIZE, **draw)
        rows = x + torch.randint(2 * PADDING + 1, (BATCH, 1), **draw)
        mirrored = torch.randint(2, (BATCH, 1), **draw)
        columns = x + (SIZE - 1 - 2 * x) * mirrored + torch.randint(2 * PADDING + 1, (BATCH, 1), **draw)
        padded = SIZE + 2 * PADDING
        places = (rows.unsqueeze(2) * padded + columns.unsqueeze(1)).view(BATCH, 1, SIZE * SIZE)
        images = F.pad(self.pixels[indices], (PADDING,) * 4).view(BATCH, 3, padded * padded)
        images = images.gather(2, places.expand(BATCH, 3, SIZE * SIZE)).view(BATCH, 3, SIZE, SIZE)
        return images.to(torch.float, memory_format=torch.channels_last).sub_(127).div_(64)

    def step(self):
        if self.next == 0:
            self.order = torch.randperm(IMAGES, device=self.device)
        indices = self.order[self.next * BATCH : (self.next + 1) * BATCH]
        self.next = (self.next + 1) % (IMAGES // BATCH)
        self.optimizer.zero_grad()
        loss = F.cross_entropy(self.network(self.batch(indices)), self.labels[indices])
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def microseconds(self, count):
        start = time.perf_counter()
        for _ in range(count):
            loss = self.step()
        loss.item()
        return (time.perf_counter() - start) / count * 1e6


def main():
    device, milliseconds = sys.argv[1:]
    torch.backends.cudnn.benchmark = True
    run = Run(device)
    run.microseconds(10)
    count = 1 + int(1e3 * float(milliseconds) / run.microseconds(10))
    print("ready", flush=True)
    for _ in sys.stdin:
        print(f"pytorch={run.microseconds(count)}", flush=True)


if __name__ == "__main__":
    main()
