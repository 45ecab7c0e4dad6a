"""Files for tests/import_choices.rs: generators of which a file does not say everything, or keeps weights
in parts, with the pixels PyTorch draws from each.

    python tests/pytorch/import_choices.py        # writes tests/fixtures/choices/

`expected.safetensors` holds `NAME.input` and `NAME.output`, the latter as pictures between -1 and 1,
whatever the network's own range is.
"""

import pathlib

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn.utils import parametrizations, spectral_norm, weight_norm

from import_matrix import filled

HERE = pathlib.Path(__file__).parent.parent / "fixtures" / "choices"
Z, WIDTHS = 5, (4, 4)


class Generator(nn.Module):
    """The DCGAN of PyTorch's tutorial, 16×16 and grey, with other layers in its places."""

    def __init__(self, norm=nn.BatchNorm2d, hidden=nn.ReLU, end=nn.Tanh, wrap=lambda layer: layer):
        super().__init__()
        layers, inputs = [], Z
        for i, width in enumerate(WIDTHS):
            place = (4, 1, 0) if i == 0 else (4, 2, 1)
            layers += [wrap(nn.ConvTranspose2d(inputs, width, *place, bias=norm is None))]
            layers += [norm(width)] if norm else []
            layers += [hidden()]
            inputs = width
        layers += [wrap(nn.ConvTranspose2d(inputs, 1, 4, 2, 1, bias=False)), end()]
        self.main = nn.Sequential(*layers)

    def forward(self, z):
        return self.main(z.reshape(len(z), -1, 1, 1))


def main():
    HERE.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(6)
    expected = {}

    def draw(name, net, to_picture=lambda y: y):
        given = torch.randn(1, Z)
        with torch.no_grad():
            expected[f"{name}.input"] = given
            expected[f"{name}.output"] = to_picture(net(given)).clamp(-1, 1).contiguous()

    def write(name, net, to_picture=lambda y: y):
        draw(name, net, to_picture)
        save_file({k: v.contiguous() for k, v in net.state_dict().items()}, HERE / f"{name}.safetensors")

    doubled = lambda y: 2 * y - 1
    # What follows layers, and in which range pictures are.
    write("sigmoid", filled(Generator(end=nn.Sigmoid)), doubled)
    write("leaky", filled(Generator(hidden=lambda: nn.LeakyReLU(0.2))))
    write("selu", filled(Generator(hidden=nn.SELU)))
    unit, bright = filled(Generator(end=nn.Identity)), filled(Generator(end=nn.Identity))
    with torch.no_grad():
        unit.main[-2].weight.mul_(0.5)
        bright.main[-2].weight.mul_(120)
    write("unit", unit, doubled)
    write("bytes", bright, lambda y: y / 127.5 - 1)
    # Norms that measure each picture, with weights; one with statistics, which in use are all it takes.
    write("instance", filled(Generator(norm=lambda n: nn.InstanceNorm2d(n, affine=True))))
    with_statistics = lambda n: nn.InstanceNorm2d(n, affine=True, track_running_stats=True)
    write("statistics", filled(Generator(norm=with_statistics)))
    write("group", filled(Generator(norm=lambda n: nn.GroupNorm(2, n))))
    # A whole module tells of its groups, its activations and its end.
    told = filled(Generator(norm=lambda n: nn.GroupNorm(2, n), hidden=nn.ELU, end=nn.Sigmoid))
    draw("told-elu", told, doubled)
    torch.save(told, HERE / "told.pth")
    # A layer norm behind a linear layer.
    layer = nn.Module()
    layer.model = nn.Sequential(
        nn.Linear(Z, 8), nn.LayerNorm(8), nn.LeakyReLU(0.2), nn.Linear(8, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8))
    )
    layer.forward = layer.model.forward
    write("layer", filled(layer))

    # Weights in parts. One training pass turns the vectors towards the weights that they measure.
    def trained(wrap, norm=None):
        plain = filled(Generator(norm=norm))
        with torch.no_grad():
            # A weight whose greatest singular value is 1 makes little of what goes in.
            for layer in plain.main:
                if isinstance(layer, nn.BatchNorm2d):
                    layer.weight.mul_(5)
        for at, layer in enumerate(plain.main):
            if isinstance(layer, nn.ConvTranspose2d):
                plain.main[at] = wrap(layer)
        plain.train()
        for _ in range(4):
            plain(torch.randn(8, Z))
        with torch.no_grad():
            for value in plain.parameters():
                value.add_(0.02 * torch.randn_like(value))
        return plain.eval()

    write("spectral", trained(spectral_norm, nn.BatchNorm2d))
    write("spectral-new", trained(parametrizations.spectral_norm, nn.BatchNorm2d))
    write("weight", trained(weight_norm))
    write("weight-new", trained(lambda layer: parametrizations.weight_norm(layer, dim=1)))
    save_file(expected, HERE / "expected.safetensors")


if __name__ == "__main__":
    main()
