"""Measures Python PyTorch with the shapes and settings of noisylr's JMH benchmarks.

    python3 pytorch_peer.py step PARAMETERS OPTIMIZER IMPLEMENTATION
    python3 pytorch_peer.py train NETWORK PRECISION IMPLEMENTATION
    python3 pytorch_peer.py version

Prints the mean time of a step in microseconds, measured after a warm-up, or PyTorch's version.
Requires only PyTorch.
"""

import argparse
import time

import torch
from torch import nn
from torch.nn import functional as F

OPTIMIZERS = {
    "SGD": (torch.optim.SGD, {"momentum": 0.9}),
    "ADAM": (torch.optim.Adam, {}),
    "ADAMW": (torch.optim.AdamW, {}),
    "ADAGRAD": (torch.optim.Adagrad, {}),
    "RMSPROP": (torch.optim.RMSprop, {}),
}


class Cnn28(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.dense1 = nn.Linear(32 * 7 * 7, 128)
        self.dense2 = nn.Linear(128, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.dense2(F.relu(self.dense1(x.flatten(1))))


class Block(nn.Module):
    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        self.stride = stride

    def forward(self, x):
        y = F.relu_(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        if self.stride > 1:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, x.size(1)))
        return F.relu_(y.add_(x))


class ResNet20(nn.Module):
    """He et al. 2016, section 4.2, with shortcuts of option A."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(16)
        blocks, inputs = [], 16
        for width in (16, 32, 64):
            for _ in range(3):
                blocks.append(Block(inputs, width, 1 if width == inputs else 2))
                inputs = width
        self.blocks = nn.Sequential(*blocks)
        self.dense = nn.Linear(64, 10)

    def forward(self, x):
        x = self.blocks(F.relu_(self.norm(self.conv(x))))
        return self.dense(x.mean((2, 3)))


def resnet20():
    model = ResNet20().to(memory_format=torch.channels_last)
    return list(model.parameters())


def vgg16():
    shapes, inputs = [], 3
    for width in (64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512):
        shapes += [(width, inputs, 3, 3), (width,), (width,), (width,)]
        inputs = width
    shapes += [(512, 512), (512,), (512,), (512,), (10, 512), (10,)]
    return [torch.randn(shape).requires_grad_() for shape in shapes]


def mlp():
    shapes = [(1024, 784), (1024,), (1024, 1024), (1024,), (10, 1024), (10,)]
    return [torch.randn(shape).requires_grad_() for shape in shapes]


PARAMETERS = {"RESNET20": resnet20, "VGG16": vgg16, "MLP": mlp}


def make_optimizer(name, parameters, implementation, lr, **options):
    kind, defaults = OPTIMIZERS[name]
    chosen = {} if implementation == "default" else {implementation: True}
    return kind(parameters, lr=lr, **{**defaults, **options}, **chosen)


def microseconds(work, warm_up, seconds):
    """Returns the mean time of work() over at least `seconds`, after a warm-up."""
    for limit in (warm_up, seconds):
        count, start = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - start) < limit:
            work()
            count += 1
    return elapsed / count * 1e6


def step(parameters, optimizer, implementation):
    tensors = PARAMETERS[parameters]()
    for p in tensors:
        p.grad = torch.randn_like(p)
    stepper = make_optimizer(optimizer, tensors, implementation, 1e-3)
    return microseconds(stepper.step, 0.6, 0.9)


def train(network, precision, implementation):
    cnn = network == "CNN28"
    batch, channels, size = (64, 1, 28) if cnn else (128, 3, 32)
    steps = 20
    model = (Cnn28() if cnn else ResNet20()).to(memory_format=torch.channels_last)
    images = torch.randint(0, 256, (steps * batch, channels, size, size), dtype=torch.uint8)
    labels = torch.randint(0, 10, (steps * batch,))
    mean = images.float().mean((0, 2, 3), keepdim=True)
    inverse_std = 1 / images.float().std((0, 2, 3), keepdim=True)
    optimizer = make_optimizer("SGD", model.parameters(), implementation, 1e-3, weight_decay=1e-4)
    total, correct = torch.zeros(()), torch.zeros((), dtype=torch.long)

    def one_step(indices):
        x = images.index_select(0, indices).float().contiguous(memory_format=torch.channels_last)
        x, y = x.sub_(mean).mul_(inverse_std), labels.index_select(0, indices)
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "BF16"):
            logits = model(x)
        loss = F.cross_entropy(logits.float(), y)
        loss.backward()
        optimizer.step()
        total.add_(loss.detach())
        correct.add_((logits.detach().argmax(1) == y).sum())

    def epoch():
        order = torch.randperm(steps * batch)
        for i in range(steps):
            one_step(order[i * batch : (i + 1) * batch])

    return microseconds(epoch, 2, 4) / steps


def main():
    parser = argparse.ArgumentParser(description="Measures Python PyTorch.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, arguments in {
        "step": {"parameters": PARAMETERS, "optimizer": OPTIMIZERS},
        "train": {"network": ["CNN28", "RESNET20"], "precision": ["FP32", "BF16"]},
    }.items():
        command = commands.add_parser(name)
        for argument, choices in arguments.items():
            command.add_argument(argument, choices=list(choices))
        command.add_argument("implementation", choices=["default", "foreach", "fused"])
    commands.add_parser("version")
    options = vars(parser.parse_args())
    command = options.pop("command")
    if command == "step" and (options["optimizer"], options["implementation"]) == ("RMSPROP", "fused"):
        parser.error("implementation must be default or foreach for RMSPROP, but is fused")
    torch.manual_seed(1)
    if command == "version":
        print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads")
    else:
        print({"step": step, "train": train}[command](**options))


if __name__ == "__main__":
    main()
