"""Draws in PyTorch with a generator that Latentscape wrote.

    python tests/pytorch/load_generator.py MODEL.safetensors LATENTS.npy PICTURES.npy

The network is that of the DCGAN tutorial with the sizes of the file's own weights. The weights are
loaded as the README says, with nothing missing and nothing left over.
"""

import sys

import numpy
import torch
from safetensors.torch import load_file
from torch import nn

model, latents, pictures = sys.argv[1:]
weights = {k: v for k, v in load_file(model).items() if not k.startswith("raw.")}

convolutions = sorted((int(k.split(".")[1]), v.shape) for k, v in weights.items() if v.dim() == 4)
layers = []
for i, (_, (inputs, outputs, *_)) in enumerate(convolutions):
    stride, padding = (1, 0) if i == 0 else (2, 1)
    layers.append(nn.ConvTranspose2d(inputs, outputs, 4, stride, padding, bias=False))
    if i + 1 < len(convolutions):
        layers += [nn.BatchNorm2d(outputs), nn.ReLU(True)]


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(*layers, nn.Tanh())

    def forward(self, z):
        return self.main(z)


netG = Generator()
netG.load_state_dict(weights, strict=True)
netG.eval()
z = torch.from_numpy(numpy.load(latents)).reshape(-1, convolutions[0][1][0], 1, 1)
with torch.inference_mode():
    numpy.save(pictures, netG(z).numpy())
