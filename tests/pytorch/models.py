"""Numbers for tests/model_parity.rs: what PyTorch computes for the presets and the objectives.

    python tests/pytorch/models.py        # writes tests/pytorch/models.json

Weights, latents and pictures are not stored: both sides make them from a hash of the tensor's name
and the place in it (`fill`), at the presets' full widths. Stored are some values of what comes out.
"""

import json
import pathlib
import zlib

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

torch.set_num_threads(2)
# In double precision: what remains of a difference is then our rounding alone.
torch.set_default_dtype(torch.float64)

# With the usual eps of 1e-8, Adam's first step is the bare sign of each gradient, and rounding alone
# decides it where a gradient is nearly 0. These make the step proportional to the gradient.
LR, EPS = 2e-3, 1.0


def fill(name, shape, low, high):
    """Values in [low, high) that depend on the name and the index alone (a 32-bit integer hash)."""
    count = int(np.prod(shape))
    with np.errstate(over="ignore"):
        x = np.arange(count, dtype=np.uint32) ^ np.uint32(zlib.crc32(name.encode()))
        x ^= x >> np.uint32(16)
        x *= np.uint32(0x7FEB352D)
        x ^= x >> np.uint32(15)
        x *= np.uint32(0x846CA68B)
        x ^= x >> np.uint32(16)
    unit = x.astype(np.float64) / 2**32
    return torch.from_numpy((low + (high - low) * unit).astype(np.float32).reshape(shape)).double()


def weights(prefix, net):
    state = {}
    for name, old in net.state_dict().items():
        shape = tuple(old.shape)
        if name.endswith("num_batches_tracked"):
            state[name] = old
        elif name.endswith("running_var"):
            state[name] = fill(prefix + name, shape, 0.8, 1.2)
        elif name.endswith("running_mean"):
            state[name] = fill(prefix + name, shape, -0.1, 0.1)
        elif len(shape) == 1 and name.endswith("weight"):
            state[name] = fill(prefix + name, shape, 0.95, 1.05)
        elif len(shape) == 1:
            state[name] = fill(prefix + name, shape, -0.05, 0.05)
        else:
            bound = (3.0 / np.prod(shape[1:])) ** 0.5
            state[name] = fill(prefix + name, shape, -bound, bound)
    net.load_state_dict(state)


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


def some(tensor, where=None):
    """Up to 48 values with their places, spread over the tensor."""
    flat = tensor.detach().double().flatten()
    places = torch.arange(flat.numel()) if where is None else where
    if places.numel() > 48:
        places = places[torch.linspace(0, places.numel() - 1, 48).long()]
    return {"at": places.tolist(), "is": [float(v) for v in flat[places]]}


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
    g_start, d_start = None, None
    for prefix, net in (("g.", g), ("d.", d)):
        weights(prefix, net)
    g_start = {k: v.clone() for k, v in g.state_dict().items()}
    d_start = {k: v.clone() for k, v in d.state_dict().items()}
    z = fill("z", (batch * d_steps, z_dim), -prior, prior)
    real = fill("real", (batch * d_steps, channels, size, size), -1.0, 1.0)
    out = {"name": name, "batch": batch, "prior": prior}
    out |= {"objective": objective, "d_steps": d_steps, "clip": clip or 0.0}
    with torch.no_grad():
        for mode in ("train", "eval"):
            for net, start, x, key in ((g, g_start, z, "g"), (d, d_start, real, "d")):
                net.load_state_dict(start)
                net.train(mode == "train")
                out[f"{key}_{mode}"] = some(net(x))
    g.load_state_dict(g_start), d.load_state_dict(d_start)
    g.train(), d.train()
    adam = lambda net: torch.optim.Adam(net.parameters(), lr=LR, betas=(0.5, 0.999), eps=EPS)
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
    d_grads = {k: p.grad.clone() for k, p in d.named_parameters()}
    opt_g.zero_grad()
    judged = d(fake)
    # Only where real pictures count does the discriminator look at them again.
    loss_g = of_g(d(real).detach() if objective == "relativistic" else None, judged)
    loss_g.backward()
    if clip:
        nn.utils.clip_grad_norm_(g.parameters(), clip)
    opt_g.step()
    out["loss_d"] = sum(losses_d) / d_steps
    out["loss_g"] = float(loss_g)
    out["after"] = {}
    g_grads = {k: p.grad for k, p in g.named_parameters()}
    for key, net, grads in (("g.", g, g_grads), ("d.", d, d_grads)):
        for param, value in net.state_dict().items():
            if param.endswith("num_batches_tracked"):
                continue
            where = None
            if param in grads:
                # Where the weight moves most; all of it, where it stays as it is.
                size_of = grads[param].abs().flatten()
                where = (size_of >= 0.3 * size_of.max()).nonzero().flatten()
            out["after"][key + param] = some(value, where)
    g.eval()
    with torch.no_grad():
        out["g_after"] = some(g(z))
    return out


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
    path = pathlib.Path(__file__).with_name("models.json")
    text = json.dumps({"torch": torch.__version__.split("+")[0], "cases": cases})
    # Nine digits hold a float32 exactly.
    cut = lambda v: float(f"{v:.9g}") if isinstance(v, float) else v
    walk = lambda v: {k: walk(x) for k, x in v.items()} if isinstance(v, dict) else [walk(x) for x in v] if isinstance(v, list) else cut(v)
    path.write_text(json.dumps(walk(json.loads(text)), separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
