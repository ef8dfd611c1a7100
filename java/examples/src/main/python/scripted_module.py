#!/usr/bin/env python3
"""Scripts a small classifier for ScriptedModule.java, and checks what it trained.

python scripted_module.py make net.pt
python scripted_module.py check trained.pt
"""

import sys

import torch


def make(file):
    torch.manual_seed(1)
    net = torch.nn.Sequential(torch.nn.Linear(2, 32), torch.nn.ReLU(), torch.nn.Linear(32, 2))
    torch.jit.script(net).save(file)


def check(file):
    net = torch.jit.load(file)
    torch.manual_seed(2)
    x = torch.randn(4096, 2)
    inside = (x * x).sum(1) < 1
    accuracy = (net(x).argmax(1) == inside).float().mean().item()
    print(f"accuracy in Python {accuracy:.4f}")
    assert accuracy > 0.95


if __name__ == "__main__":
    {"make": make, "check": check}[sys.argv[1]](sys.argv[2])
