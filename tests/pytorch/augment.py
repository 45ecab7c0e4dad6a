"""Numbers for src/train/augment: what PyTorch makes of changed pictures, and of the way back.

    python tests/pytorch/augment.py        # writes tests/pytorch/augment.json

Each change is done as it is defined, one after the other; pictures and gradients are made on both
sides from a hash of their name (`fill` in parity.py).
"""

import torch
import torch.nn.functional as F

from parity import fill, write


def changed(x, change):
    """One picture [C, H, W]: brightness, saturation, contrast, shift, hole."""
    brightness, saturation, contrast = change["colour"]
    x = x + brightness
    grey = x.mean(dim=0, keepdim=True)
    x = (x - grey) * saturation + grey
    mean = x.mean()
    x = (x - mean) * contrast + mean
    down, right = change["shift"]
    height, width = x.shape[1:]
    x = F.pad(x, (width, width, height, height))
    x = x[:, height - down : 2 * height - down, width - right : 2 * width - right]
    top, bottom, left, right = change["hole"]
    mask = torch.ones(height, width)
    mask[top:bottom, left:right] = 0
    return x * mask


def case(shape, changes):
    x = fill("pictures", (len(changes), *shape), -1.0, 1.0).requires_grad_()
    y = torch.stack([changed(one, change) for one, change in zip(x, changes)])
    (y * fill("gradient", tuple(y.shape), -1.0, 1.0)).sum().backward()
    cut = lambda t: [float(f"{v:.7g}") for v in t.detach().flatten()]
    return {"shape": shape, "changes": changes, "changed": cut(y), "gradient": cut(x.grad)}


def main():
    nothing = {"colour": [0.0, 1.0, 1.0], "shift": [0, 0], "hole": [0, 0, 0, 0]}
    changes = [
        nothing,
        {**nothing, "colour": [0.37, 0.2, 1.4]},
        {**nothing, "shift": [1, -2]},
        {**nothing, "hole": [2, 5, 0, 3]},
        {"colour": [-0.45, 1.9, 0.6], "shift": [-1, 1], "hole": [3, 6, 2, 7]},
    ]
    cases = [case([3, 6, 8], changes), case([1, 6, 4], changes[:2] + changes[3:4])]
    write("augment.json", cases)


main()
