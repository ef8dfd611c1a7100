#!/usr/bin/env python3
"""Writes TorchScript models for TorchScriptRunTest, and one after two steps of PyTorch's SGD.

python torchscript_steps.py ../resources/org/noisylr/train/run

Requires torch and safetensors. The expected files are of torch 2.13.0.
"""

import sys
import zipfile

import torch
from safetensors.torch import save_file
from torch import nn

TRAIN, TEST, SIZE, CLASSES = 12, 6, 8, 10


class Net(nn.Module):
    def __init__(self, dropout: float):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.pool = nn.AdaptiveAvgPool2d(4)
        self.drop = nn.Dropout(dropout)
        self.layer_norm = nn.LayerNorm(64)
        self.gate = nn.Linear(64, CLASSES)
        self.dense = nn.Linear(64, CLASSES)
        self.register_buffer("mask", torch.tensor([0.0, float("-inf")]))

    def forward(self, images):
        x = self.pool(torch.relu(self.norm(self.conv(images))))
        x = self.drop(torch.tanh(self.layer_norm(x.view(x.size(0), -1))))
        # LibTorch's graph optimizer changes the rounding of such terms.
        return self.dense(x) * torch.sigmoid(self.gate(x)) + self.dense(x).pow(2) / 3


def save(net, file):
    """Leaves out the debug information, which contains paths of the machine."""
    torch.jit.script(net).save(file)
    with zipfile.ZipFile(file) as archive:
        entries = {entry: archive.read(entry) for entry in archive.infolist()}
    with zipfile.ZipFile(file, "w") as archive:
        for entry, content in entries.items():
            if not entry.filename.endswith(".debug_pkl"):
                archive.writestr(zipfile.ZipInfo(entry.filename), content)


def pixels(first, count):
    i = torch.arange(first * SIZE * SIZE, (first + count) * SIZE * SIZE)
    return ((i * 37 + i * i % 101) % 256).double().view(count, 1, SIZE, SIZE)


def labels(first, count):
    return torch.arange(first, first + count) % CLASSES


def main(folder):
    torch.set_num_threads(1)
    torch.manual_seed(1)
    net = Net(0.0)
    save(net, f"{folder}/plain.pt")
    dropout = Net(0.5)
    dropout.load_state_dict(net.state_dict())
    save(dropout, f"{folder}/dropout.pt")

    train = pixels(0, TRAIN)
    mean, std = train.mean(), train.std(unbiased=False)
    normalised = lambda images: ((images - mean) / std).float()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    metrics = {}
    for step in range(2):
        net.train()
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(normalised(train)), labels(0, TRAIN))
        loss.backward()
        optimizer.step()
        net.eval()
        with torch.no_grad():
            logits = net(normalised(pixels(TRAIN, TEST)))
            test = nn.functional.cross_entropy(logits, labels(TRAIN, TEST))
        metrics[f"train_loss_{step}"] = repr(loss.item())
        metrics[f"test_loss_{step}"] = repr(test.item())
    save_file(net.state_dict(), f"{folder}/plain-after-two-steps.safetensors", metrics)


if __name__ == "__main__":
    main(sys.argv[1])
