"""Numbers for tests/model_parity.rs: what PyTorch computes for the presets and the objectives.

    python tests/pytorch/models.py        # writes tests/pytorch/models.json

Weights, latents and pictures are not stored: both sides make them from a hash of the tensor's name
and the place in it (`fill`), at the presets' full widths. Stored are some values of what comes out.
"""

import torch
import torch.nn.functional as F
from torch import nn

from parity import adam, after, fill, forward, grads, write


class Shaped(nn.Module):
    """A state dict under `main`, and a reshape before or after it."""

    def __init__(self, name, layers, before=None, after=None):
        super().__init__()
        self.add_module(name, nn.Sequential(*layers))
        self.name, self.before, self.after = name, before, after

    def forward(self, x):
        x = x.reshape(x.shape[0], *self.before) if self.before is not None else x
        x = getattr(self, self.name)(x)
        return x.reshape(x.shape[0], *self.after) if self.after is not None else x


def dcgan(z, widths, down=None):
    g = [nn.ConvTranspose2d(z, widths[0], 4, 1, 0, bias=False)]
    for a, b in zip(widths, widths[1:]):
        g += [nn.BatchNorm2d(a), nn.ReLU(True), nn.ConvTranspose2d(a, b, 4, 2, 1, bias=False)]
    g += [nn.BatchNorm2d(widths[-1]), nn.ReLU(True)]
    g += [nn.ConvTranspose2d(widths[-1], 3, 4, 2, 1, bias=False), nn.Tanh()]
    up = down or widths[::-1]
    d = [nn.Conv2d(3, up[0], 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
    for a, b in zip(up, up[1:]):
        d += [nn.Conv2d(a, b, 4, 2, 1, bias=False), nn.BatchNorm2d(b), nn.LeakyReLU(0.2)]
    d += [nn.Conv2d(up[-1], 1, 4, 1, 0, bias=False)]
    return Shaped("main", g, before=(z, 1, 1)), Shaped("main", d, after=())


class FacesG(nn.Module):
    def __init__(self, z, c):
        super().__init__()
        self.c = c
        self.fc = nn.Linear(z, 4 * 4 * 4 * c)
        up = lambda a, b: nn.ConvTranspose2d(a, b, 4, 2, 1, bias=False)
        self.t_conv1 = nn.Sequential(up(4 * c, 2 * c), nn.BatchNorm2d(2 * c))
        self.t_conv2 = nn.Sequential(up(2 * c, c), nn.BatchNorm2d(c))
        self.t_conv3 = nn.Sequential(up(c, 3))

    def forward(self, z):
        x = self.fc(z).reshape(-1, 4 * self.c, 4, 4)
        x = F.relu(self.t_conv2(F.relu(self.t_conv1(x))))
        return torch.tanh(self.t_conv3(x))


class FacesD(nn.Module):
    def __init__(self, c):
        super().__init__()
        down = lambda a, b: nn.Conv2d(a, b, 4, 2, 1, bias=False)
        self.conv1 = nn.Sequential(down(3, c))
        self.conv2 = nn.Sequential(down(c, 2 * c), nn.BatchNorm2d(2 * c))
        self.conv3 = nn.Sequential(down(2 * c, 4 * c), nn.BatchNorm2d(4 * c))
        self.fc = nn.Linear(4 * c * 16, 1)

    def forward(self, x):
        for conv in (self.conv1, self.conv2, self.conv3):
            x = F.leaky_relu(conv(x), 0.2)
        return self.fc(x.flatten(1)).reshape(-1)


def mlp():
    g = [nn.Linear(100, 128), nn.LeakyReLU(0.2)]
    for a, b in ((128, 256), (256, 512), (512, 1024)):
        g += [nn.Linear(a, b), nn.BatchNorm1d(b, 0.8), nn.LeakyReLU(0.2)]
    g += [nn.Linear(1024, 784), nn.Tanh()]
    d = [nn.Linear(784, 512), nn.LeakyReLU(0.2), nn.Linear(512, 256), nn.LeakyReLU(0.2), nn.Linear(256, 1)]
    return Shaped("model", g, after=(1, 28, 28)), Shaped("model", d, before=(784,), after=())


bce = F.binary_cross_entropy_with_logits
label = torch.full_like

# What each network makes small, of verdicts on real and on generated pictures, as the papers have it.
OBJECTIVES = {
    "bce": (
        lambda x, g: bce(x, label(x, 0.9)) + bce(g, label(g, 0.0)),
        lambda x, g: bce(g, label(g, 1.0)),
    ),
    "lsgan": (
        lambda x, g: 0.5 * F.mse_loss(x, label(x, 0.9)) + 0.5 * F.mse_loss(g, label(g, 0.0)),
        lambda x, g: 0.5 * F.mse_loss(g, label(g, 1.0)),
    ),
    "hinge": (
        lambda x, g: F.relu(1 - x).mean() + F.relu(1 + g).mean(),
        lambda x, g: -g.mean(),
    ),
    "relativistic": (
        lambda x, g: F.softplus(g - x).mean(),
        lambda x, g: F.softplus(x - g).mean(),
    ),
}


def case(name, nets, z_dim, prior, size, channels, batch, objective="bce", d_steps=1, clip=None):
    g, d = nets
    z = fill("z", (batch * d_steps, z_dim), -prior, prior)
    real = fill("real", (batch * d_steps, channels, size, size), -1.0, 1.0)
    out = {"name": name, "batch": batch, "prior": prior}
    out |= {"objective": objective, "d_steps": d_steps, "clip": clip or 0.0}
    out |= forward(g, d, z, real)
    opt_g, opt_d = adam(g), adam(d)
    of_d, of_g = OBJECTIVES[objective]
    losses_d = []
    for real, z in zip(real.chunk(d_steps), z.chunk(d_steps)):
        opt_d.zero_grad()
        fake = g(z)
        loss_d = of_d(d(real), d(fake.detach()))
        loss_d.backward()
        if clip:
            nn.utils.clip_grad_norm_(d.parameters(), clip)
        opt_d.step()
        losses_d.append(loss_d.item())
    d_grads = grads(d)
    opt_g.zero_grad()
    judged = d(fake)
    # Only where real pictures count does the discriminator look at them again.
    loss_g = of_g(d(real).detach() if objective == "relativistic" else None, judged)
    loss_g.backward()
    if clip:
        nn.utils.clip_grad_norm_(g.parameters(), clip)
    opt_g.step()
    out |= {"loss_d": sum(losses_d) / d_steps, "loss_g": loss_g.item()}
    return out | after(g, d, grads(g), d_grads, z)


def main():
    cases = [
        case("mnist-mlp", mlp(), 100, 1.7, 28, 1, 8),
        case("faces-32", (FacesG(100, 32), FacesD(32)), 100, 1.0, 32, 3, 8),
        case("dcgan-64", dcgan(100, [512, 256, 128, 64]), 100, 1.7, 64, 3, 4),
        case("cars-256", dcgan(128, [1024, 1024, 512, 256, 128, 64]), 128, 1.7, 256, 3, 2),
        case("grow", dcgan(100, [64, 64, 32], down=[64, 64, 64]), 100, 1.7, 32, 3, 4),
        case("faces-32", (FacesG(100, 32), FacesD(32)), 100, 1.0, 32, 3, 4, "lsgan", d_steps=2, clip=0.05),
        case("mnist-mlp", mlp(), 100, 1.7, 28, 1, 8, "hinge", d_steps=3),
        case("faces-32", (FacesG(100, 32), FacesD(32)), 100, 1.0, 32, 3, 4, "relativistic", d_steps=2),
    ]
    write("models.json", cases)


if __name__ == "__main__":
    main()
