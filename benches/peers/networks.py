"""The networks of the comparison in PyTorch, under the names that our files have."""

import sys
from pathlib import Path

import torch
from torch import nn

sys.path.append(str(Path(__file__).resolve().parent.parent.parent / "tests" / "pytorch"))
from pix2pix import Patches, UNet  # noqa: E402

# The parity scripts compute in 64 bits.
torch.set_default_dtype(torch.float32)


class Named(nn.Module):
    """An `nn.Sequential` under a name, with a reshape before and after it."""

    def __init__(self, name, layers, before, after):
        super().__init__()
        self.add_module(name, nn.Sequential(*layers))
        self.name, self.before, self.after = name, before, after

    def forward(self, x):
        x = getattr(self, self.name)(x.reshape(x.shape[0], *self.before))
        return x.reshape(x.shape[0], *self.after) if self.after is not None else x


def dcgan(state):
    """Generator and discriminator of the PyTorch tutorial, in whatever widths the weights have."""

    def layers(prefix, transposed):
        places = sorted(
            int(name.split(".")[2])
            for name, tensor in state.items()
            if name.startswith(f"{prefix}.main.") and tensor.dim() == 4
        )
        found = []
        for place in places:
            shape = state[f"{prefix}.main.{place}.weight"].shape
            a, b = shape[:2] if transposed else (shape[1], shape[0])
            last, dense = place == places[-1], place == (0 if transposed else places[-1])
            kind = nn.ConvTranspose2d if transposed else nn.Conv2d
            found.append(kind(a, b, 4, *((1, 0) if dense else (2, 1)), bias=False))
            if not last:
                if f"{prefix}.main.{place + 1}.running_mean" in state:
                    found.append(nn.BatchNorm2d(b))
                found.append(nn.ReLU(True) if transposed else nn.LeakyReLU(0.2, True))
        return found

    z_dim = state["g.main.0.weight"].shape[0]
    g = Named("main", layers("g", True) + [nn.Tanh()], (z_dim, 1, 1), None)
    if "d.main.0.weight" not in state:
        return g, None
    image = state["real"].shape[1:]
    return g, Named("main", layers("d", False), tuple(image), ())


def mlp(state):
    """The MLP GAN of PyTorch-GAN's gan.py."""
    g = [nn.Linear(100, 128), nn.LeakyReLU(0.2, True)]
    for a, b in ((128, 256), (256, 512), (512, 1024)):
        g += [nn.Linear(a, b), nn.BatchNorm1d(b, 0.8), nn.LeakyReLU(0.2, True)]
    g += [nn.Linear(1024, 784), nn.Tanh()]
    d = [nn.Linear(784, 512), nn.LeakyReLU(0.2, True), nn.Linear(512, 256), nn.LeakyReLU(0.2, True)]
    d += [nn.Linear(256, 1)]
    return Named("model", g, (100,), (1, 28, 28)), Named("model", d, (784,), ())


def pix2pix(state):
    """The U-Net and, where there are weights for it, the PatchGAN, both with batch norm."""
    inputs, size = state["z"].shape[1:3]
    first = state["g.model.model.0.weight"]
    last = state["g.model.model.3.weight"]
    g = UNet(size, inputs, last.shape[1], first.shape[0], nn.BatchNorm2d)
    if "d.model.0.weight" not in state:
        return g, None
    layers = sum(
        name.startswith("d.") and name.endswith("running_mean") for name in state
    )
    channels, width = inputs + last.shape[1], state["d.model.0.weight"].shape[0]
    return g, Patches(channels, width, layers, nn.BatchNorm2d)


def load(state):
    """Both networks with the weights of `state`; the second is None where it has none."""
    if "g.model.model.0.weight" in state:
        nets = pix2pix(state)
    else:
        nets = dcgan(state) if "g.main.0.weight" in state else mlp(state)
    for prefix, net in zip("gd", nets):
        if net is not None:
            own = {name[2:]: t for name, t in state.items() if name.startswith(f"{prefix}.")}
            missing, unknown = net.load_state_dict(own, strict=False)
            assert not unknown, unknown
            assert all(name.endswith("num_batches_tracked") for name in missing), missing
            net.to(next(iter(own.values())).device)
    return nets


def count(net, x, backward):
    """Floating-point operations and bytes of weights and activations of the layers with weights.

    `backward`: also those of the gradients of weights and inputs.
    """
    operations, moved = 0, 0

    def look(layer, inputs, output):
        nonlocal operations, moved
        per_output = layer.weight.numel() // layer.weight.shape[0]
        if isinstance(layer, nn.ConvTranspose2d):
            places, size = inputs[0].numel() // inputs[0].shape[1], layer.weight.numel()
        elif isinstance(layer, nn.Conv2d):
            places, size = output.numel() // output.shape[1], layer.weight.numel()
        else:
            places, size = output.shape[0], per_output * output.shape[1]
        operations += 2 * places * size
        moved += 4 * (inputs[0].numel() + output.numel() + layer.weight.numel())

    hooks = [
        layer.register_forward_hook(look)
        for layer in net.modules()
        if isinstance(layer, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d))
    ]
    with torch.no_grad():
        y = net(x)
    for hook in hooks:
        hook.remove()
    times = 3 if backward else 1
    return y, times * operations, times * moved
