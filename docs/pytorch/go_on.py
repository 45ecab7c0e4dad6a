"""Goes on training a DCGAN of Latentscape's with PyTorch, on as many processes as torchrun starts.

    latentscape convert runs/mine start.pth
    torchrun --nproc-per-node 2 docs/pytorch/go_on.py start.pth pictures.npy further.pth --steps 1000
    latentscape further.pth

`pictures.npy` is float32 [N, C, H, W] in [-1, 1]. Each process draws its own batches; gradients are
averaged between them (gloo on CPUs, NCCL on GPUs). `further.pth` holds the generator, its average and
the discriminator, as training scripts usually do; Latentscape takes the average.
"""

import argparse
import copy
import os

import numpy
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import nn
from torch.nn.parallel import DistributedDataParallel


def generator_of(state):
    """The DCGAN of PyTorch's tutorial in the sizes of its weights."""
    kernels = sorted((int(name.split(".")[1]), value.shape) for name, value in state.items() if value.dim() == 4)
    layers = []
    for i, (_, (inputs, outputs, *_)) in enumerate(kernels):
        layers.append(nn.ConvTranspose2d(inputs, outputs, 4, *((1, 0) if i == 0 else (2, 1)), bias=False))
        if i + 1 < len(kernels):
            layers += [nn.BatchNorm2d(outputs), nn.ReLU()]
    net = nn.Module()
    net.main = nn.Sequential(*layers, nn.Tanh())
    net.forward = lambda z: net.main(z)
    net.load_state_dict(state)
    return net, kernels[0][1][0], [shape[0] for _, shape in kernels[1:]]


def discriminator_of(channels, widths):
    layers, inputs = [], channels
    for i, width in enumerate(reversed(widths)):
        layers.append(nn.Conv2d(inputs, width, 4, 2, 1, bias=False))
        layers += ([nn.BatchNorm2d(width)] if i > 0 else []) + [nn.LeakyReLU(0.2)]
        inputs = width
    net = nn.Sequential(*layers, nn.Conv2d(inputs, 1, 4, bias=False), nn.Flatten(0))
    for layer in net:
        if isinstance(layer, nn.Conv2d):
            nn.init.normal_(layer.weight, 0.0, 0.02)
    return net


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("start"), parser.add_argument("pictures"), parser.add_argument("out")
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--batch", type=int, default=64, help="pictures of one process")
    parser.add_argument("--lr", type=float, default=2e-4)
    args = parser.parse_args()

    gpu = torch.cuda.is_available()
    dist.init_process_group("nccl" if gpu else "gloo")
    rank = dist.get_rank()
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if gpu else torch.device("cpu")
    torch.manual_seed(1)
    start = torch.load(args.start, weights_only=True)
    g, z_dim, widths = generator_of(start)
    pictures = torch.from_numpy(numpy.load(args.pictures))
    d = discriminator_of(pictures.shape[1], widths)
    average = copy.deepcopy(g.main).to(device)
    together = lambda net: DistributedDataParallel(net.to(device))
    g, d = together(g.main), together(d)
    adam = lambda net: torch.optim.Adam(net.parameters(), lr=args.lr, betas=(0.5, 0.999))
    opt_g, opt_d = adam(g), adam(d)
    torch.manual_seed(1000 + rank)

    for step in range(args.steps):
        real = pictures[torch.randint(len(pictures), (args.batch,))].to(device)
        z = torch.randn(args.batch, z_dim, 1, 1, device=device)
        fake = g(z)
        # Both in one pass: a second one before the way back would change the norms' statistics under it.
        verdicts = d(torch.cat([real, fake.detach()]))
        labels = torch.cat([torch.full((args.batch,), 0.9), torch.zeros(args.batch)]).to(device)
        loss_d = F.binary_cross_entropy_with_logits(verdicts, labels)
        opt_d.zero_grad(), loss_d.backward(), opt_d.step()
        # The discriminator only judges here: its gradients are nobody's concern.
        d.requires_grad_(False)
        loss_g = F.softplus(-d.module(fake)).mean()
        opt_g.zero_grad(), loss_g.backward(), opt_g.step()
        d.requires_grad_(True)
        with torch.no_grad():
            for mean, new in zip(average.state_dict().values(), g.module.state_dict().values()):
                mean.lerp_(new, 0.01) if mean.is_floating_point() else mean.copy_(new)
        if rank == 0 and step % 100 == 0:
            print(f"step {step}: D {loss_d.item():.3f}, G {loss_g.item():.3f}", flush=True)

    if rank == 0:
        named = lambda net: {f"main.{name}": value.cpu() for name, value in net.state_dict().items()}
        torch.save({"netG": named(g.module), "g_ema": named(average), "netD": d.module.state_dict()}, args.out)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
