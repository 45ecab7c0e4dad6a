"""Writes ops.safetensors: what PyTorch computes for the operations of src/ops.

    python tests/pytorch/ops.py

Each case is a group of tensors `NAME.TENSOR`; its settings are JSON in the file's metadata.
Every output is multiplied by a fixed random tensor `grad`, so the gradients mean something.
"""

import json
import struct
from pathlib import Path

import torch
import torch.nn.functional as F

torch.manual_seed(20)
tensors, cases = {}, {}


def save(name, settings, **values):
    cases[name] = settings
    for key, value in values.items():
        tensors[f"{name}.{key}"] = value.detach().to(torch.float32).contiguous()


def leaf(*shape, scale=1.0):
    """Values that f32 holds exactly, computed with in f64: the expected numbers are precise."""
    return (torch.randn(*shape) * scale).double().requires_grad_()


def backward(y):
    grad = torch.randn(y.shape).double()
    y.backward(grad)
    return grad


# name, transposed, batch, in, out, (h, w), kernel, stride, padding, output padding
for name, transposed, b, i, o, size, kernel, stride, padding, extra in [
    ("k4s2p1", False, 2, 3, 4, (6, 6), (4, 4), (2, 2), (1, 1), (0, 0)),
    ("k4s2p1_wide", False, 2, 2, 3, (6, 10), (4, 4), (2, 2), (1, 1), (0, 0)),
    ("k4s2p1_odd", False, 2, 2, 3, (7, 9), (4, 4), (2, 2), (1, 1), (0, 0)),
    ("k4s1p0_dense", False, 3, 6, 1, (4, 4), (4, 4), (1, 1), (0, 0), (0, 0)),
    ("k3s1p1", False, 2, 3, 4, (5, 6), (3, 3), (1, 1), (1, 1), (0, 0)),
    ("k35s21", False, 2, 2, 3, (9, 8), (3, 5), (2, 1), (1, 2), (0, 0)),
    ("k5s3p2", False, 1, 2, 2, (10, 11), (5, 5), (3, 3), (2, 2), (0, 0)),
    ("k1s1", False, 2, 4, 3, (3, 5), (1, 1), (1, 1), (0, 0), (0, 0)),
    ("t_k4s2p1", True, 2, 5, 3, (4, 4), (4, 4), (2, 2), (1, 1), (0, 0)),
    ("t_k4s2p1_wide", True, 3, 4, 2, (3, 5), (4, 4), (2, 2), (1, 1), (0, 0)),
    ("t_k4s1p0_dense", True, 3, 5, 3, (1, 1), (4, 4), (1, 1), (0, 0), (0, 0)),
    ("t_k3s2p1_op1", True, 2, 4, 3, (4, 5), (3, 3), (2, 2), (1, 1), (1, 1)),
    ("t_k35s21_op", True, 2, 3, 2, (4, 6), (3, 5), (2, 1), (1, 2), (1, 0)),
    ("t_k5s3p2_op", True, 1, 2, 2, (3, 4), (5, 5), (3, 3), (2, 2), (2, 1)),
]:
    x = leaf(b, i, *size)
    w = leaf(*((i, o) if transposed else (o, i)), *kernel, scale=0.3)
    if transposed:
        y = F.conv_transpose2d(x, w, stride=stride, padding=padding, output_padding=extra)
    else:
        y = F.conv2d(x, w, stride=stride, padding=padding)
    grad = backward(y)
    settings = dict(
        op="conv", transposed=transposed, stride=stride, padding=padding, output_padding=extra
    )
    save(f"conv_{name}", settings, x=x, w=w, y=y, grad=grad, dx=x.grad, dw=w.grad)

ACTIVATIONS = {
    "linear": lambda y: y,
    "relu": F.relu,
    "leaky_relu": lambda y: F.leaky_relu(y, 0.2),
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
}

for name, shape, activation, mean in [
    ("relu", (3, 3, 4, 5), "relu", 0.0),
    ("leaky", (3, 4, 4, 4), "leaky_relu", 0.5),
    ("flat", (6, 5), "leaky_relu", -1.0),
    ("tanh", (2, 3, 3, 7), "tanh", 0.0),
    ("far", (3, 2, 6, 6), "linear", 100.0),
]:
    x = (torch.randn(shape) + mean).double().requires_grad_()
    channels = shape[1]
    weight = (1 + 0.2 * torch.randn(channels)).double().requires_grad_()
    bias = leaf(channels, scale=0.3)
    running_mean, running_var = torch.zeros(channels).double(), torch.ones(channels).double()
    y = F.batch_norm(x, running_mean, running_var, weight, bias, True, 0.1, 1e-5)
    y = ACTIVATIONS[activation](y)
    grad = backward(y)
    save(
        f"norm_{name}",
        dict(op="batch_norm", activation=activation, eps=1e-5, momentum=0.1),
        x=x, weight=weight, bias=bias, y=y, grad=grad,
        dx=x.grad, dweight=weight.grad, dbias=bias.grad,
        running_mean=running_mean, running_var=running_var,
    )  # fmt: skip

for activation, function in ACTIVATIONS.items():
    x, scale, shift = leaf(2, 4, 3, 3, scale=2.0), leaf(4), leaf(4)
    y = function(x * scale.view(1, 4, 1, 1) + shift.view(1, 4, 1, 1))
    grad = backward(y)
    save(
        f"affine_{activation}",
        dict(op="scale_shift", activation=activation),
        x=x, scale=scale, shift=shift, y=y, grad=grad,
        dx=x.grad, dscale=scale.grad, dshift=shift.grad,
    )  # fmt: skip

param = torch.randn(3, 5, dtype=torch.float64).float().double().requires_grad_()
settings = dict(op="adam", lr=2e-4, beta1=0.5, beta2=0.999, eps=1e-8, steps=5)
adam = torch.optim.Adam([param], lr=2e-4, betas=(0.5, 0.999), eps=1e-8)
values = dict(start=param.clone())
for step in range(5):
    param.grad = (torch.randn(3, 5) * 10.0 ** (step - 3)).double()
    values[f"grad{step}"] = param.grad.clone()
    adam.step()
    values[f"param{step}"] = param.clone()
state = adam.state[param]
save("adam", settings, **values, first=state["exp_avg"], second=state["exp_avg_sq"])

# The safetensors format: length of the header, header, data.
header = {"__metadata__": {"cases": json.dumps(cases), "torch": torch.__version__}}
data = b""
for name in sorted(tensors):
    blob = tensors[name].numpy().astype("<f4").tobytes()
    header[name] = dict(
        dtype="F32", shape=list(tensors[name].shape), data_offsets=[len(data), len(data) + len(blob)]
    )
    data += blob
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
path = Path(__file__).with_suffix(".safetensors")
path.write_bytes(struct.pack("<Q", len(text)) + text + data)
print(f"{path}: {len(cases)} cases, {path.stat().st_size} bytes")
