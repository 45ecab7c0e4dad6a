"""Numbers for tests/pix2pix_parity.rs: what PyTorch computes for a U-Net and a PatchGAN.

    python tests/pytorch/pix2pix.py        # writes tests/pytorch/pix2pix.json

The modules are written down from the paper's description (Isola et al. 2017) and have the names of the
public implementation's state dict. LeakyReLU does not work in place here, and so the skip connections
carry what it has not touched; the ReLU behind them makes both the same.
"""

import torch
import torch.nn.functional as F
from torch import nn

from parity import adam, after, fill, forward, grads, write

LAMBDA = 100.0


class Level(nn.Module):
    """A layer down, everything below it, and the layer up again."""

    def __init__(self, layers, is_outermost):
        super().__init__()
        self.model = nn.Sequential(*layers)
        self.is_outermost = is_outermost

    def forward(self, x):
        y = self.model(x)
        return y if self.is_outermost else torch.cat([x, y], 1)


class UNet(nn.Module):
    def __init__(self, size, inputs, outputs, width, norm):
        super().__init__()
        has_bias = norm is nn.InstanceNorm2d
        levels = size.bit_length() - 1
        widths = [width * min(8, 2**i) for i in range(levels)]
        down = lambda a, b: nn.Conv2d(a, b, 4, 2, 1, bias=has_bias)
        up = lambda a, b, bias=has_bias: nn.ConvTranspose2d(a, b, 4, 2, 1, bias=bias)
        outer, inner = widths[-2], widths[-1]
        below = Level(
            [nn.LeakyReLU(0.2), down(outer, inner), nn.ReLU(), up(inner, outer), norm(outer)], False
        )
        for level in range(levels - 2, 0, -1):
            outer, inner = widths[level - 1], widths[level]
            first = [nn.LeakyReLU(0.2), down(outer, inner), norm(inner)]
            last = [nn.ReLU(), up(2 * inner, outer), norm(outer)]
            below = Level(first + [below] + last, False)
        last = [nn.ReLU(), up(2 * width, outputs, True), nn.Tanh()]
        self.model = Level([down(inputs, width), below] + last, True)

    def forward(self, x):
        return self.model(x)


class Patches(nn.Module):
    def __init__(self, channels, width, count, norm):
        super().__init__()
        has_bias = norm is nn.InstanceNorm2d
        layers = [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        widths = [width * min(8, 2**i) for i in range(count + 1)]
        for i in range(1, count + 1):
            stride = 2 if i < count else 1
            layers += [nn.Conv2d(widths[i - 1], widths[i], 4, stride, 1, bias=has_bias)]
            layers += [norm(widths[i]), nn.LeakyReLU(0.2)]
        layers += [nn.Conv2d(widths[-1], 1, 4, 1, 1)]
        self.model = nn.Sequential(*layers)

    def forward(self, x):
        return self.model(x)


def bce(logits, label):
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))


def case(name, norm, size, inputs, outputs, width, count, batch):
    g = UNet(size, inputs, outputs, width, norm)
    d = Patches(inputs + outputs, width, count, norm)
    a = fill("input", (batch, inputs, size, size), -1.0, 1.0)
    b = fill("truth", (batch, outputs, size, size), -1.0, 1.0)
    out = {"norm": name, "size": size, "inputs": inputs, "outputs": outputs, "width": width}
    out |= {"layers": count, "batch": batch}
    out |= forward(g, d, a, torch.cat([a, b], 1))
    opt_g, opt_d = adam(g), adam(d)
    fake = g(a)
    loss_d = 0.5 * (bce(d(torch.cat([a, b], 1)), 1.0) + bce(d(torch.cat([a, fake.detach()], 1)), 0.0))
    loss_d.backward()
    opt_d.step()
    d_grads = grads(d)
    loss_g, l1 = bce(d(torch.cat([a, fake], 1)), 1.0), F.l1_loss(fake, b)
    (loss_g + LAMBDA * l1).backward()
    opt_g.step()
    out |= {"loss_d": loss_d.item(), "loss_g": loss_g.item(), "l1": l1.item()}
    return out | after(g, d, grads(g), d_grads, a)


def main():
    cases = [
        case("batch", nn.BatchNorm2d, 32, 3, 3, 4, 1, 2),
        case("instance", nn.InstanceNorm2d, 32, 1, 3, 4, 2, 2),
        case("batch", nn.BatchNorm2d, 64, 4, 1, 4, 3, 1),
    ]
    write("pix2pix.json", cases)


if __name__ == "__main__":
    main()
