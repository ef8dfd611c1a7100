"""Times the steps of Python PyTorch's optimizers, as `steps time` times noisylr's.

    python3 peer.py DEVICE MILLISECONDS

Answers each line of input with a line. "prepare OPTIMIZER SHAPE…", with shapes as 16x3x3x3:
"ready". "round": the microseconds of a step. Requires only PyTorch.
"""

import sys
import time

import torch

# The options of `steps`. PyTorch has no fused RMSprop, and a fused Adagrad on the CPU only.
OPTIMIZERS = {
    "sgd": (torch.optim.SGD, {"momentum": 0.9, "fused": True}),
    "adam": (torch.optim.Adam, {"fused": True}),
    "adamw": (torch.optim.AdamW, {"fused": True}),
    "adagrad": (torch.optim.Adagrad, {"foreach": True}),
    "rmsprop": (torch.optim.RMSprop, {"foreach": True}),
}
WARM_UP = 20


class Timer:
    def __init__(self, device, milliseconds, name, shapes):
        self.parameters = [self.parameter(shape, device) for shape in shapes]
        kind, options = OPTIMIZERS[name]
        self.optimizer = kind(self.parameters, lr=1e-3, **options)
        self.microseconds(WARM_UP)
        self.count = 1
        while self.microseconds(self.count) * self.count < 1e3 * milliseconds:
            self.count *= 2

    def parameter(self, shape, device):
        p = torch.randn([int(size) for size in shape.split("x")], device=device)
        if p.dim() == 4:
            p = p.contiguous(memory_format=torch.channels_last)
        p.requires_grad_().grad = torch.randn_like(p)
        return p

    def microseconds(self, count):
        start = time.perf_counter()
        for _ in range(count):
            self.optimizer.step()
        # Reading a value waits for all steps: the device runs them in order.
        self.parameters[-1].detach().flatten()[0].item()
        return (time.perf_counter() - start) / count * 1e6


def main():
    device, milliseconds = sys.argv[1:]
    timer = None
    for line in sys.stdin:
        command, *words = line.split()
        if command == "prepare":
            timer = Timer(device, float(milliseconds), words[0], words[1:])
            print("ready", flush=True)
        else:
            print(f"pytorch={timer.microseconds(timer.count)}", flush=True)


if __name__ == "__main__":
    main()
