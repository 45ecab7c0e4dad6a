"""What models.py, pix2pix.py and augment.py share: weights and inputs that are the same on both sides,
and what is written down of two networks before and after a step.
"""

import json
import pathlib
import zlib

import numpy as np
import torch

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


def some(tensor, where=None):
    """Up to 48 values with their places, spread over the tensor."""
    flat = tensor.detach().double().flatten()
    places = torch.arange(flat.numel()) if where is None else where
    if places.numel() > 48:
        places = places[torch.linspace(0, places.numel() - 1, 48).long()]
    return {"at": places.tolist(), "is": [float(v) for v in flat[places]]}


def forward(g, d, given, judged):
    """Fills both networks, and gives what they say in both modes. They are left filled, for training."""
    out = {}
    nets = (("g", g, given), ("d", d, judged))
    with torch.no_grad():
        for mode in ("train", "eval"):
            for key, net, x in nets:
                weights(f"{key}.", net)
                net.train(mode == "train")
                out[f"{key}_{mode}"] = some(net(x))
    for key, net, _ in nets:
        weights(f"{key}.", net)
        net.train()
    return out


def adam(net):
    return torch.optim.Adam(net.parameters(), lr=LR, betas=(0.5, 0.999), eps=EPS)


def grads(net):
    return {name: param.grad.clone() for name, param in net.named_parameters()}


def after(g, d, g_grads, d_grads, given):
    """Both networks after a step that had these gradients."""
    out = {"after": {}}
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
        out["g_after"] = some(g(given))
    return out


def rounded(value):
    """Nine digits hold a float32 exactly."""
    if isinstance(value, dict):
        return {key: rounded(x) for key, x in value.items()}
    if isinstance(value, list):
        return [rounded(x) for x in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value


def write(name, cases):
    """Writes the cases to a file beside this one."""
    found = {"torch": torch.__version__.split("+")[0], "cases": rounded(cases)}
    path = pathlib.Path(__file__).with_name(name)
    path.write_text(json.dumps(found, separators=(",", ":")) + "\n")
