"""Times the steps of a Python PyTorch optimizer, as `steps time` times noisylr's.

    python3 peer.py DEVICE OPTIMIZER MILLISECONDS < SHAPES

Reads the shapes of the parameters up to an empty line and prints "ready". For each further line of
input, prints the microseconds of a step. Requires only PyTorch.
"""

import sys
import time

import torch

# The options of `steps`. PyTorch has no fused RMSprop.
OPTIMIZERS = {
    "sgd": (torch.optim.SGD, {"momentum": 0.9, "fused": True}),
    "adam": (torch.optim.Adam, {"fused": True}),
    "adamw": (torch.optim.AdamW, {"fused": True}),
    "adagrad": (torch.optim.Adagrad, {"fused": True}),
    "rmsprop": (torch.optim.RMSprop, {"foreach": True}),
}
WARM_UP = 20


def make_parameters(lines, device):
    parameters = []
    for line in lines:
        p = torch.randn([int(size) for size in line.split()], device=device)
        if p.dim() == 4:
            p = p.contiguous(memory_format=torch.channels_last)
        p.requires_grad_().grad = torch.randn_like(p)
        parameters.append(p)
    return parameters


def main():
    device, name, milliseconds = sys.argv[1:]
    shapes = iter(sys.stdin.readline, "\n")
    parameters = make_parameters(shapes, device)
    kind, options = OPTIMIZERS[name]
    optimizer = kind(parameters, lr=1e-3, **options)

    def microseconds(count):
        start = time.perf_counter()
        for _ in range(count):
            optimizer.step()
        # Reading a value waits for all steps: the device runs them in order.
        parameters[-1].detach().flatten()[0].item()
        return (time.perf_counter() - start) / count * 1e6

    microseconds(WARM_UP)
    count = 1
    while microseconds(count) * count < 1e3 * float(milliseconds):
        count *= 2
    print("ready", flush=True)
    for _ in sys.stdin:
        print(f"pytorch={microseconds(count)}", flush=True)


if __name__ == "__main__":
    main()
