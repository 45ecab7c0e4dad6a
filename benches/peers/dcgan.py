"""The measurements of benches/ops.rs in PyTorch (eager): DCGAN-64, forward and training step.

    python benches/peers/dcgan.py [--threads N] [--channels-last]
"""

import argparse
import statistics
import time

import torch
from torch import nn
import torch.nn.functional as F

parser = argparse.ArgumentParser()
parser.add_argument("--threads", type=int, default=0)
parser.add_argument("--channels-last", action="store_true")
args = parser.parse_args()
if args.threads:
    torch.set_num_threads(args.threads)
torch.manual_seed(0)


def stack(widths, transposed):
    layers, count = [], len(widths) - 1
    for i, (a, b) in enumerate(zip(widths, widths[1:])):
        last, dense = i + 1 == count, i == (0 if transposed else count - 1)
        conv = nn.ConvTranspose2d if transposed else nn.Conv2d
        layers.append(conv(a, b, 4, *((1, 0) if dense else (2, 1)), bias=False))
        if not last and (transposed or i > 0):
            layers.append(nn.BatchNorm2d(b))
        if not last:
            layers.append(nn.ReLU(True) if transposed else nn.LeakyReLU(0.2, True))
    net = nn.Sequential(*layers, *([nn.Tanh()] if transposed else []))
    return net.to(memory_format=torch.channels_last) if args.channels_last else net


def measure(name, run, images, seconds=8):
    run()
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    middle = statistics.median(times)
    print(f"{name}: {middle * 1e3:.2f} ms, {images / middle:.1f} images/s", flush=True)


for f, batch in [(64, 1), (32, 1), (64, 16)]:
    g = stack([100, 8 * f, 4 * f, 2 * f, f, 3], True).eval()
    z = torch.randn(batch, 100, 1, 1)
    with torch.inference_mode():
        measure(f"forward/{f}/batch{batch}", lambda: g(z), batch, 3)

for f in [32, 64]:
    g = stack([100, 8 * f, 4 * f, 2 * f, f, 3], True)
    d = stack([3, f, 2 * f, 4 * f, 8 * f, 1], False)
    optimisers = [torch.optim.Adam(n.parameters(), 2e-4, (0.5, 0.999)) for n in (g, d)]
    real, z = torch.rand(64, 3, 64, 64) * 2 - 1, torch.randn(64, 100, 1, 1)

    def loss(images, label):
        logits = d(images).flatten()
        return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))

    def step():
        fake = g(z)
        optimisers[1].zero_grad()
        loss(real, 0.9).backward()
        loss(fake.detach(), 0.0).backward()
        optimisers[1].step()
        optimisers[0].zero_grad()
        d.requires_grad_(False)
        loss(fake, 1.0).backward()
        d.requires_grad_(True)
        optimisers[0].step()

    measure(f"step/{f}", step, 64)
