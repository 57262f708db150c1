"""The same work in PyTorch, for the side-by-side run: reads commands, one a line, and answers each with a line."""
import os
import sys
import time

import numpy as np
import torch

torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))


def numbers(count, seed):
    """The numbers that the other side makes too: uniform on [-0.5, 0.5), exact in float32."""
    i = np.arange(count, dtype=np.uint64) * 2654435761 + seed * 40503 * 65537
    i = ((i & 0xFFFFFFFF) * 2246822519 + 374761393) & 0xFFFFFFFF
    return ((i >> 8).astype(np.float64) / 2**24 - 0.5).astype(np.float32)


def tensor(shape, seed, scale=1.0):
    return torch.from_numpy((numbers(int(np.prod(shape)), seed) * np.float32(scale)).reshape(shape))


def net_of(widths, activation):
    layers = []
    for k, (a, b) in enumerate(zip(widths, widths[1:])):
        layer = torch.nn.Linear(a, b)
        with torch.no_grad():
            layer.weight.copy_(tensor((b, a), 10 + k, 2 / a**0.5))
            layer.bias.copy_(tensor((b,), 20 + k, 2 / a**0.5))
        layers += [layer] + ([activation()] if k + 2 < len(widths) else [])
    return torch.nn.Sequential(*layers)


def training(widths, batch, classes, adam):
    net = net_of(widths, torch.nn.Tanh)
    rate = 1e-3 if adam else 1e-2
    optimizer = torch.optim.Adam(net.parameters(), rate) if adam else torch.optim.SGD(net.parameters(), rate)
    x = tensor((batch, widths[0]), 1)
    y = torch.arange(batch) % widths[-1] if classes else tensor((batch, widths[-1]), 2)
    measure = torch.nn.CrossEntropyLoss() if classes else torch.nn.MSELoss()

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = measure(net(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step, lambda: [step().item() for _ in range(6)]


def fashion():
    data = tensor((60000, 784), 1)
    labels = torch.arange(60000) % 10
    net = net_of([784, 128, 10], torch.nn.ReLU)
    optimizer = torch.optim.Adam(net.parameters(), 1e-3)
    measure = torch.nn.CrossEntropyLoss()

    def steps(order, count):
        for batch in order.split(128)[:count]:
            optimizer.zero_grad(set_to_none=True)
            loss = measure(net(data[batch]), labels[batch])
            loss.backward()
            optimizer.step()
        return loss

    return (lambda: steps(torch.randperm(60000), 469)), (lambda: [steps(torch.arange(60000), 4).item()])


def per_sample():
    net = net_of([64, 64, 10], torch.nn.Tanh)
    x, y = tensor((256, 64), 1), torch.arange(256) % 10
    measure = torch.nn.CrossEntropyLoss()
    try:
        from functorch import grad, make_functional, vmap

        call, parameters = make_functional(net)
        gradients = vmap(grad(lambda p, a, b: measure(call(p, a[None]), b[None])), in_dims=(None, 0, 0))
        run = lambda: gradients(parameters, x, y)
    except ImportError:

        def run():
            rows = []
            for i in range(256):
                rows.append(torch.autograd.grad(measure(net(x[i : i + 1]), y[i : i + 1]), tuple(net.parameters())))
            return [torch.stack(part) for part in zip(*rows)]

    return run, lambda: [float(part.double().square().sum()) for part in run()]


def product(n):
    a, b = tensor((n, n), 1), tensor((n, n), 2)
    return (lambda: a @ b), lambda: samples(a @ b)


def convolution(back, channels=32, outputs=64, groups=1):
    x, w, b = tensor((32, channels, 28, 28), 1), tensor((outputs, channels // groups, 3, 3), 2), tensor((outputs,), 3)
    convolve = lambda: torch.nn.functional.conv2d(x, w, b, padding=1, groups=groups)
    if not back:
        return convolve, lambda: samples(convolve())
    g = tensor((32, outputs, 28, 28), 4)
    for parameter in (x, w, b):
        parameter.requires_grad_()

    def run():
        return torch.autograd.grad(convolve(), (x, w, b), g)

    return run, lambda: [number for part in run() for number in samples(part)]


def samples(y):
    y = y.detach().double().flatten()
    return [float(y[0]), float(y[y.numel() // 2]), float(y[-1]), float(y.abs().sum())]


def chain():
    x = tensor((4 << 20,), 1, 4)
    return (lambda: torch.tanh(x * x + 1)), lambda: samples(torch.tanh(x * x + 1))


def total():
    x = tensor((4 << 20,), 1, 4)
    return (lambda: x.sum()), lambda: [float((x.double() ** 2).sum()), float(x[:4096].sum())]


def curvature(second):
    w, x = tensor((64, 64), 1, 0.25), tensor((64,), 2)
    from torch.autograd.functional import hessian, jacobian

    if second:
        run = lambda: hessian(lambda v: torch.tanh(w @ v).square().sum(), x, vectorize=True)
    else:
        run = lambda: jacobian(lambda v: torch.tanh(w @ v), x, vectorize=True)
    return run, lambda: samples(run())


def determinants():
    x = (tensor((10_000, 4, 4), 1) + 2 * torch.eye(4)).requires_grad_()

    def run():
        y = torch.linalg.slogdet(x)[1].sum()
        return y, torch.autograd.grad(y, x)[0]

    return run, lambda: [run()[0].item(), *samples(run()[1])]


WORKS = {
    "conv-3x3": lambda: convolution(False),
    "conv-3x3-back": lambda: convolution(True),
    "conv-depthwise": lambda: convolution(False, 128, 128, 128),
    "conv-depthwise-back": lambda: convolution(True, 128, 128, 128),
    "mlp-tiny-captured": lambda: training([2, 16, 16, 1], 32, False, False),
    "mlp-tiny-eager": lambda: training([2, 16, 16, 1], 32, False, False),
    "mlp-small-captured": lambda: training([64, 64, 10], 64, True, False),
    "mlp-digits-sgd": lambda: training([784, 128, 10], 64, True, False),
    "mlp-digits-adam": lambda: training([784, 128, 10], 64, True, True),
    "mlp-wide": lambda: training([784, 512, 512, 10], 256, True, False),
    "fashion-epoch": fashion,
    "gemm-512": lambda: product(512),
    "gemm-1024": lambda: product(1024),
    "gemm-2048": lambda: product(2048),
    "chain-4m": chain,
    "jacobian-64": lambda: curvature(False),
    "jacobian-64-eager": lambda: curvature(False),
    "hessian-64": lambda: curvature(True),
    "hessian-64-eager": lambda: curvature(True),
    "logabsdet-10k": determinants,
    "sum-4m": total,
    "per-sample-grads": per_sample,
    "per-sample-grads-eager": per_sample,
}


def elementwise(name):
    op, size = name.split("-")
    x = tensor((1 << (10 if size == "1k" else 20),), 1, 2) + 1.5
    run = (lambda: x + x) if op == "add" else (lambda f=getattr(torch, op): f(x))
    return run, lambda: samples(run())


def begin(name):
    """One of all works, a training step step-…/784-128-10/64, or a function of elements such as exp-1k."""
    if name in WORKS:
        return WORKS[name]()
    if name.startswith("step-"):
        _, widths, batch = name.split("/")
        return training([int(width) for width in widths.split("-")], int(batch), True, False)
    return elementwise(name)


def main():
    run = result = None
    for line in sys.stdin:
        command, argument = (line.split() + [""])[:2]
        if command == "begin":
            run, result = begin(argument)
            print("result", *(repr(v) for v in result()), flush=True)
        elif command == "run":
            start = time.perf_counter()
            for _ in range(int(argument)):
                run()
            print("seconds", time.perf_counter() - start, flush=True)
        elif command == "version":
            print("version", torch.__version__, torch.get_num_threads(), flush=True)


main()
