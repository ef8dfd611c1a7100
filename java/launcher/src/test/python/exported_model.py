#!/usr/bin/env python3
"""Evaluates what `noisylr export` wrote, without noisylr.

python exported_model.py make net.pt
python exported_model.py evaluate EXPORTED DESCRIPTION.json IMAGES.gz LABELS.gz

EXPORTED is TorchScript (.pt) or the weights of cnn28 (.safetensors). Prints loss and accuracy as
JSON. Requires torch and safetensors.
"""

import gzip
import json
import sys

import numpy
import torch
from safetensors.torch import load_file
from torch import nn


class Cnn28(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.dense1 = nn.Linear(32 * 7 * 7, 128)
        self.dense2 = nn.Linear(128, classes)

    def forward(self, x):
        x = nn.functional.max_pool2d(torch.relu(self.conv1(x)), 2)
        x = nn.functional.max_pool2d(torch.relu(self.conv2(x)), 2)
        return self.dense2(torch.relu(self.dense1(x.flatten(1))))


def make(file):
    torch.manual_seed(1)
    layers = [nn.Conv2d(1, 8, 3, stride=2), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten()]
    layers += [nn.Dropout(0.2), nn.Linear(8 * 13 * 13, 10)]
    torch.jit.script(nn.Sequential(*layers)).save(file)


def read(file, header):
    with gzip.open(file) as content:
        return torch.from_numpy(numpy.frombuffer(content.read(), numpy.uint8, offset=header).copy())


def evaluate(exported, description, images, labels):
    with open(description) as file:
        info = json.load(file)
    inputs = info["inputs"]
    shape = [inputs["channels"], inputs["height"], inputs["width"]]
    if exported.endswith(".pt"):
        model = torch.jit.load(exported)
    else:
        model = Cnn28(inputs["channels"], len(info["class_names"]))
        model.load_state_dict(load_file(exported))
    model.eval()
    per_channel = lambda name: torch.tensor(inputs[name]).view(1, -1, 1, 1)
    x = (read(images, 16).view(-1, *shape).float() - per_channel("mean")) / per_channel("std")
    y = read(labels, 8).long()
    with torch.no_grad():
        logits = model(x).double()
    loss = nn.functional.cross_entropy(logits, y).item()
    print(json.dumps({"loss": loss, "score": (logits.argmax(1) == y).double().mean().item()}))


if __name__ == "__main__":
    {"make": make, "evaluate": evaluate}[sys.argv[1]](*sys.argv[2:])
