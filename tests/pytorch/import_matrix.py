"""Files for tests/import_matrix.rs, as PyTorch users have them, with the pixels PyTorch draws from each.

    python tests/pytorch/import_matrix.py        # writes tests/fixtures/import/

Four architectures, three nestings, three kinds of file, three types of numbers; and beside this matrix
whole pickled modules, TorchScript, views into shared storages and tuples. The networks are narrow: what
is tested is how they are found and put together, not how much they can do.

`expected.safetensors` holds `NAME.input` and `NAME.output` for each network and type. Numbers of 16 bits
are computed with in 32, as Latentscape does: what differs is then the rounding of sums alone.
"""

import pathlib

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

torch.set_num_threads(1)
HERE = pathlib.Path(__file__).parent.parent / "fixtures" / "import"
TYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}


class Mlp(nn.Module):
    """The MLP generator of the widely used collection: eps 0.8, and its picture is 10×10 and grey."""

    def __init__(self):
        super().__init__()
        layers = [nn.Linear(5, 8), nn.LeakyReLU(0.2, inplace=True)]
        for a, b in ((8, 12), (12, 16)):
            layers += [nn.Linear(a, b), nn.BatchNorm1d(b, 0.8), nn.LeakyReLU(0.2, inplace=True)]
        self.model = nn.Sequential(*layers, nn.Linear(16, 100), nn.Tanh())

    def forward(self, z):
        return self.model(z).reshape(-1, 1, 10, 10)


class Tutorial(nn.Module):
    """The DCGAN of PyTorch's tutorial, 32×32, colour."""

    def __init__(self, z=5, widths=(4, 4, 2), channels=3):
        super().__init__()
        layers, inputs = [], z
        for i, width in enumerate(widths):
            place = (4, 1, 0) if i == 0 else (4, 2, 1)
            layers += [nn.ConvTranspose2d(inputs, width, *place, bias=False)]
            layers += [nn.BatchNorm2d(width), nn.ReLU(True)]
            inputs = width
        layers += [nn.ConvTranspose2d(inputs, channels, 4, 2, 1, bias=False), nn.Tanh()]
        self.main = nn.Sequential(*layers)

    def forward(self, z):
        return self.main(z.reshape(len(z), -1, 1, 1))


class Wide(nn.Module):
    """Another DCGAN: linear start, windows of 5×5 with biases, norms listed apart, 28×28, grey."""

    def __init__(self):
        super().__init__()
        self.project = nn.Linear(4, 4 * 7 * 7)
        self.up1 = nn.ConvTranspose2d(4, 3, 5, 2, 2, output_padding=1)
        self.up2 = nn.ConvTranspose2d(3, 2, 5, 2, 2, output_padding=1)
        self.out = nn.ConvTranspose2d(2, 1, 3, 1, 1)
        self.norm0 = nn.BatchNorm2d(4)
        self.norm1 = nn.BatchNorm2d(3)
        self.norm2 = nn.BatchNorm2d(2)

    def forward(self, z):
        x = F.relu(self.norm0(self.project(z).reshape(-1, 4, 7, 7)))
        x = F.relu(self.norm1(self.up1(x)))
        x = F.relu(self.norm2(self.up2(x)))
        return torch.tanh(self.out(x))


class Block(nn.Module):
    """A level of the public pix2pix U-Net, which lies within the level around it."""

    def __init__(self, outer, inner, within=None, inputs=None, outermost=False):
        super().__init__()
        self.outermost = outermost
        down = nn.Conv2d(inputs or outer, inner, 4, 2, 1, bias=False)
        relu = nn.ReLU(True)
        if outermost:
            up = nn.ConvTranspose2d(2 * inner, outer, 4, 2, 1)
            row = [down, within, relu, up, nn.Tanh()]
        elif within is None:
            up = nn.ConvTranspose2d(inner, outer, 4, 2, 1, bias=False)
            row = [nn.LeakyReLU(0.2, True), down, relu, up, nn.BatchNorm2d(outer)]
        else:
            up = nn.ConvTranspose2d(2 * inner, outer, 4, 2, 1, bias=False)
            row = [nn.LeakyReLU(0.2, True), down, nn.BatchNorm2d(inner), within]
            row += [relu, up, nn.BatchNorm2d(outer)]
        self.model = nn.Sequential(*row)

    def forward(self, x):
        # LeakyReLU works in place there, and so on what is passed along, too.
        return self.model(x) if self.outermost else torch.cat([x, self.model(x)], 1)


class UNet(nn.Module):
    """The U-Net of pix2pix for 32×32, from grey to colour, with one channel next to the picture."""

    def __init__(self, width=1):
        super().__init__()
        block = Block(8 * width, 8 * width)
        for outer, inner in ((4, 8), (2, 4), (1, 2)):
            block = Block(outer * width, inner * width, block)
        self.model = Block(3, width, block, inputs=1, outermost=True)

    def forward(self, x):
        return self.model(x)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(nn.Conv2d(3, 2, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(2, 1, 4))


def filled(net):
    """Weights that keep the size of what goes through, and norms that have seen data."""
    with torch.no_grad():
        for name, value in net.state_dict().items():
            if name.endswith("running_var"):
                value.copy_(0.6 + 0.8 * torch.rand_like(value))
            elif name.endswith("num_batches_tracked"):
                value.fill_(77)
            elif value.dim() == 1:
                value.copy_(0.3 * torch.randn_like(value) + (1.0 if name.endswith("weight") else 0.0))
            else:
                fan = value[0].numel() if value.dim() == 2 else value.numel() / value.shape[0] / 4
                value.copy_(torch.randn_like(value) * (1.2 / fan) ** 0.5)
    return net.eval()


def nested(state, other, optimizer, kind):
    """What is saved, with the state dict somewhere in it."""
    d = Discriminator().state_dict()
    if kind == "plain":
        return state
    if kind == "ema":
        through = {f"module.{k}": v for k, v in state.items()}
        # Beside the average stands what it is of: once, for all of them would fill the folder.
        other = other if "main.0.weight" in state else {}
        return {"epoch": 3, "g": other, "g_ema": through, "d": d, "optim_g": optimizer, "args": {"lr": 2e-4}}
    joined = {f"generator.{k}": v for k, v in state.items()}
    joined |= {f"discriminator.{k}": v for k, v in d.items()}
    return {"pytorch-lightning_version": "2.5.0", "global_step": 9, "state_dict": joined}


def flat(value, prefix=""):
    """The tensors of nested dictionaries under joined names, as safetensors files have them."""
    if isinstance(value, torch.Tensor):
        return {prefix: value.contiguous().clone()}
    items = value.items() if isinstance(value, dict) else ()
    return {k: v for key, inner in items for k, v in flat(inner, f"{prefix}.{key}".strip(".")).items()}


def optimizer_of(net):
    adam = torch.optim.Adam(list(net.parameters())[-1:], lr=1e-3)
    sum(p.sum() for p in net.parameters()).backward()
    adam.step()
    return adam.state_dict()


def main():
    HERE.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(5)
    expected = {}

    def draw(name, net, given):
        with torch.no_grad():
            expected[f"{name}.input"], expected[f"{name}.output"] = given.clone(), net(given).contiguous()

    nets = {
        "mlp": (Mlp, torch.randn(1, 5)),
        "tutorial": (Tutorial, torch.randn(1, 5)),
        "wide": (Wide, torch.randn(1, 4)),
        "unet": (UNet, torch.rand(1, 1, 32, 32) * 2 - 1),
    }
    for name, (make, given) in nets.items():
        net, other = filled(make()), filled(make()).state_dict()
        optimizer = optimizer_of(make())
        for kind, dtype in TYPES.items():
            cast = lambda state: {k: v.to(dtype) if v.is_floating_point() else v for k, v in state.items()}
            state = cast(net.state_dict())
            rounded = make().eval()
            rounded.load_state_dict(state)
            draw(f"{name}.{kind}", rounded, given)
            for nesting in ("plain", "ema", "lightning"):
                saved = nested(state, cast(other), optimizer, nesting)
                path = f"{HERE}/{name}-{nesting}-{kind}"
                torch.save(saved, f"{path}.zip.pth")
                torch.save(saved, f"{path}.old.pth", _use_new_zipfile_serialization=False)
                save_file(flat(saved), f"{path}.safetensors")

    # Beside the matrix.
    net = filled(Tutorial(5, (4, 4, 2), 1))
    given = torch.randn(1, 5)
    draw("module", net, given)
    torch.save(net, HERE / "module.zip.pth")
    torch.save(net, HERE / "module.old.pth", _use_new_zipfile_serialization=False)
    torch.jit.trace(net, given).save(HERE / "module.script.pt")
    torch.save((net.state_dict(), Discriminator().state_dict()), HERE / "tuple.pth")
    torch.save({k: v.double() if v.is_floating_point() else v for k, v in net.state_dict().items()}, HERE / "double.pth")
    # All weights as views into one storage, those of four dimensions with their axes turned.
    backwards = lambda tensor: tuple(reversed(range(tensor.dim())))
    state = net.state_dict()
    one = torch.cat([torch.zeros(3)] + [v.permute(backwards(v)).flatten() for v in state.values()])
    views, at = {}, 3
    for name, value in state.items():
        turned = one[at : at + value.numel()].reshape(list(reversed(value.shape)))
        views[name] = turned.permute(backwards(value))
        at += value.numel()
    assert all(torch.equal(views[k].float(), v.float()) for k, v in state.items())
    torch.save(views, HERE / "views.pth")
    # A module that tells of other activations and sizes than one would assume.
    told = nn.Sequential(
        nn.Linear(4, 3 * 4 * 4), nn.LeakyReLU(0.3), nn.Unflatten(1, (3, 4, 4)),
        nn.ConvTranspose2d(3, 2, 3, 2, 1, output_padding=1), nn.BatchNorm2d(2, eps=0.1), nn.LeakyReLU(0.1),
        nn.ConvTranspose2d(2, 1, 5, 2, 2, output_padding=1), nn.Tanh(),
    )
    filled(told)
    draw("told", told, torch.randn(1, 4))
    torch.save(told, HERE / "told.pth")
    # Pixels repeated before convolutions, as the DCGAN of that collection does.
    repeated = nn.Module()
    repeated.l1 = nn.Sequential(nn.Linear(5, 4 * 8 * 8))
    repeated.conv_blocks = nn.Sequential(
        nn.BatchNorm2d(4), nn.Upsample(scale_factor=2), nn.Conv2d(4, 4, 3, 1, 1),
        nn.BatchNorm2d(4, 0.8), nn.LeakyReLU(0.2), nn.Upsample(scale_factor=2), nn.Conv2d(4, 3, 3, 1, 1),
        nn.BatchNorm2d(3, 0.8), nn.LeakyReLU(0.2), nn.Conv2d(3, 3, 3, 1, 1), nn.Tanh(),
    )
    filled(repeated)
    repeated.forward = lambda z: repeated.conv_blocks(repeated.l1(z).reshape(-1, 4, 8, 8))
    draw("repeated", repeated, torch.randn(1, 5))
    torch.save(repeated.state_dict(), HERE / "repeated.pth")
    # The format before 1.6 with a newer protocol.
    torch.save(net.state_dict(), HERE / "protocol4.old.pth", pickle_protocol=4, _use_new_zipfile_serialization=False)
    save_file(expected, HERE / "expected.safetensors")


if __name__ == "__main__":
    main()
