#!/usr/bin/env python3
"""How well a network from pictures to pictures learns, here and in PyTorch: the same pairs, networks and steps.

    python3 benches/peers/pairs.py [--resolution 64] [--kimg 4] [--seeds 3]
                                   [--python PYTHON] [--program BENCH] [--latentscape PROGRAM]

Trains the preset pix2pix on the built-in line drawings with a width of 16 (at 128×128: sketch2face), once by
`latentscape train` and once by PyTorch, for each seed, and prints the mean absolute difference of the held-out pairs.
Weights, order and noise follow from other random numbers on the two sides, so single runs differ; the
means over the seeds should not.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from run import Worker, our_latentscape, our_program, python_with_peers

HERE = Path(__file__).resolve().parent
WIDTH, BATCH = 16, 4


def ours(program, size, kimg, seed, folder):
    command = [program, "train", "--preset", "pix2pix", "--data", "demo-sketches", "--jitter", "0"]
    command += ["--resolution", size, "--width", WIDTH, "--batch", BATCH, "--kimg", kimg, "--seed", seed]
    command += ["--preview-kimg", kimg, "--measure-kimg", kimg, "--measure-pictures", 512, "--out", folder]
    subprocess.run([str(word) for word in command], check=True, stderr=subprocess.DEVNULL)
    return json.loads((folder / "measures.jsonl").read_text().splitlines()[-1])["l1"]


def theirs(path, kimg, seed):
    """The published recipe with the moving average that ours has."""
    import torch
    import torch.nn.functional as F
    from safetensors.torch import load_file

    import networks
    from torch import nn

    class Noisy(networks.UNet):
        """With dropout behind the inner levels of the way up, as published."""

        def __init__(self, *sizes):
            super().__init__(*sizes)
            level, number = self.model, 0
            while level is not None:
                inner = [x for x in level.model if isinstance(x, type(self.model))]
                if number >= 4 and inner:
                    level.model.append(nn.Dropout(0.5))
                level, number = (inner[0] if inner else None), number + 1

    data = load_file(path)
    learnt, held_out = data["learnt"], data["held_out"]
    torch.manual_seed(seed)
    channels, size = learnt.shape[1] - 3, learnt.shape[3]
    g = Noisy(size, channels, 3, WIDTH, nn.BatchNorm2d)
    d = networks.Patches(channels + 3, WIDTH, 3 if size >= 128 else 2, nn.BatchNorm2d)
    for net in (g, d):
        for module in net.modules():
            if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
                nn.init.normal_(module.weight, 0.0, 0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            if isinstance(module, nn.BatchNorm2d):
                nn.init.normal_(module.weight, 1.0, 0.02)
    average = Noisy(size, channels, 3, WIDTH, nn.BatchNorm2d)
    average.load_state_dict(g.state_dict())
    adam = lambda net: torch.optim.Adam(net.parameters(), 2e-4, (0.5, 0.999))
    opt_g, opt_d = adam(g), adam(d)
    bce = lambda x, label: F.binary_cross_entropy_with_logits(x, torch.full_like(x, label))
    steps = round(kimg * 1000 / BATCH)
    order = torch.randperm(len(learnt))
    place = 0
    for step in range(1, steps + 1):
        if place + BATCH > len(order):
            order, place = torch.randperm(len(learnt)), 0
        pairs = learnt[order[place : place + BATCH]]
        place += BATCH
        flip = torch.rand(BATCH, 1, 1, 1) < 0.5
        pairs = torch.where(flip, pairs.flip(3), pairs)
        a, b = pairs[:, :channels], pairs[:, channels:]
        # Constant for the first half, then linearly to nothing.
        factor = min(1.0, 2.0 * (1.0 - (step - 1) / steps))
        for opt in (opt_g, opt_d):
            opt.param_groups[0]["lr"] = 2e-4 * factor
        fake = g(a)
        opt_d.zero_grad()
        judged = lambda x: d(torch.cat([a, x], 1))
        (0.5 * (bce(judged(b), 1.0) + bce(judged(fake.detach()), 0.0))).backward()
        opt_d.step()
        opt_g.zero_grad()
        d.requires_grad_(False)
        (bce(judged(fake), 1.0) + 100 * F.l1_loss(fake, b)).backward()
        d.requires_grad_(True)
        opt_g.step()
        half_life = min(2000.0, 0.05 * step * BATCH)
        keep = 0.5 ** (BATCH / half_life)
        with torch.no_grad():
            for mine, other in zip(average.parameters(), g.parameters()):
                mine.lerp_(other, 1.0 - keep)
            for mine, other in zip(average.buffers(), g.buffers()):
                mine.copy_(other)
    average.eval()
    with torch.no_grad():
        out = average(held_out[:, :channels])
        to_byte = lambda x: ((x.clamp(-1, 1) + 1) * 127.5 + 0.5).floor()
        return ((to_byte(out) - to_byte(held_out[:, channels:])).abs().mean() / 255).item()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--resolution", type=int, default=64, choices=[64, 128])
    parser.add_argument("--kimg", type=float, default=4)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--python", help="a Python that has the peers")
    parser.add_argument("--program", help="our bench program, built before")
    parser.add_argument("--latentscape", help="our program, built before")
    parser.add_argument("--peer", nargs=2, metavar=("FILE", "SEED"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peer:
        print(theirs(args.peer[0], args.kimg, int(args.peer[1])))
        return
    python = python_with_peers(args.python)
    program = our_latentscape(args.latentscape)
    found = {"Latentscape": [], "PyTorch": []}
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "pairs.safetensors"
        worker = Worker([our_program(args.program), "serve"], 2)
        worker.ask("pairs", path=str(data), resolution=args.resolution)
        worker.close()
        for seed in range(args.seeds):
            run = Path(folder) / f"run-{seed}"
            found["Latentscape"].append(ours(program, args.resolution, args.kimg, seed, run))
            command = [python, __file__, "--kimg", str(args.kimg), "--peer", str(data), str(seed)]
            said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            found["PyTorch"].append(float(said.stdout))
            print(seed, {name: round(all[-1], 4) for name, all in found.items()}, file=sys.stderr)
    means = {name: statistics.mean(all) for name, all in found.items()}
    for name, mean in means.items():
        spread = statistics.stdev(found[name]) if args.seeds > 1 else 0.0
        print(f"{name}: L1 {mean:.4f} ± {spread:.4f} over {args.seeds} seeds")
    print(f"ratio {means['Latentscape'] / means['PyTorch']:.3f}")


if __name__ == "__main__":
    main()
