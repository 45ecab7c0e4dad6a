"""Writes metrics.safetensors: what NumPy makes of the measures of src/train/metrics.

    python tests/pytorch/metrics.py

Written from the papers, each measure in its plainest form. Patches, directions and first centres are
drawn here and kept in the file, so that the numbers can be compared closely.
"""

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

rng = np.random.default_rng(7)
COUNT, SIDE, PATCHES, LINES, CELLS = 24, 32, 16, 48, 6


def blobs(count, kinds):
    """Pictures of a few kinds: smooth colour waves, with noise."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    kind = rng.integers(0, kinds, count)
    waves = np.stack(
        [np.sin(2 * np.pi * ((k + 1) * x + c * y))[..., None] * [1, 0.5, -1] for k, c in zip(kind, kind * 2)]
    )
    return np.clip(127.5 + 80 * waves + rng.normal(0, 12, waves.shape), 0, 255).astype(np.uint8)


reals, fakes = blobs(COUNT, 6), blobs(COUNT, 4)

# --- sliced Wasserstein distance -------------------------------------------------------------------

taps = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256.0


def blur(images, kernel):
    """A direct double sum over a picture mirrored at its edges, `[N, C, H, W]`."""
    padded = np.pad(images, [(0, 0), (0, 0), (2, 2), (2, 2)], mode="reflect")
    height, width = images.shape[2:]
    return sum(
        kernel[i, j] * padded[:, :, i : i + height, j : j + width] for i in range(5) for j in range(5)
    )


def spread(images):
    """Twice as many pixels a side, blurred."""
    n, c, h, w = images.shape
    wide = np.zeros((n, c, 2 * h, 2 * w))
    wide[:, :, ::2, ::2] = images
    return blur(wide, 4 * taps)


def pyramid(images):
    levels = [images.transpose(0, 3, 1, 2).astype(np.float64)]
    while levels[-1].shape[-1] // 2 >= 16:
        coarse = blur(levels[-1], taps)[:, :, ::2, ::2]
        levels[-1] = levels[-1] - spread(coarse)
        levels.append(coarse)
    return levels


def descriptors(level, centres):
    cut = [
        level[i, :, y - 3 : y + 4, x - 3 : x + 4]
        for i in range(COUNT)
        for y, x in centres[i * PATCHES : (i + 1) * PATCHES]
    ]
    cut = np.stack(cut)
    cut = (cut - cut.mean((0, 2, 3), keepdims=True)) / cut.std((0, 2, 3), keepdims=True)
    return cut.reshape(len(cut), -1)


lines = rng.normal(size=(LINES, 3 * 49))
lines = (lines / np.linalg.norm(lines, axis=1, keepdims=True)).astype(np.float32)
centres, swd = [], []
for real, fake in zip(pyramid(reals), pyramid(fakes)):
    places = rng.integers(3, real.shape[-1] - 3, (COUNT * PATCHES, 2))
    a, b = (descriptors(level, places) @ lines.astype(np.float64).T for level in (real, fake))
    centres.append(places)
    swd.append(1000 * np.abs(np.sort(a, 0) - np.sort(b, 0)).mean())

# --- diversity ---------------------------------------------------------------------------------------

rows = [p.reshape(COUNT, -1) / 127.5 - 1 for p in (reals, fakes)]


def mean_distance(x):
    return np.mean([np.linalg.norm(x[i] - x[j]) for i in range(len(x)) for j in range(i)])


# --- NDB ---------------------------------------------------------------------------------------------

seeds = rng.choice(COUNT, CELLS, replace=False)
middles = rows[0][seeds].copy()


def sort_into(x):
    return np.argmin([[np.sum((p - m) ** 2) for m in middles] for p in x], axis=1)


for _ in range(30):
    old = sort_into(rows[0])
    for cell in range(CELLS):
        if (old == cell).any():
            middles[cell] = rows[0][old == cell].mean(0)
    if (sort_into(rows[0]) == old).all():
        break
n_real, n_fake = (np.bincount(sort_into(x), minlength=CELLS) for x in rows)
pooled = (n_real + n_fake) / (2 * COUNT)
z = (n_real - n_fake) / COUNT / np.sqrt(pooled * (1 - pooled) * 2 / COUNT)
ndb = [int((np.abs(z) > 1.959963984540054).sum()), int(((n_real > 0) & (n_fake == 0)).sum())]

# --- precision, recall, density, coverage -------------------------------------------------------------

features = [
    rng.normal(0, s, (60, 5)).astype(np.float32) + np.float32(m) for s, m in ((1.0, 0.0), (0.6, 0.7))
]


def distances(a, b):
    return np.linalg.norm(a[:, None].astype(np.float64) - b[None], axis=-1)


def radius(x, k):
    return np.sort(distances(x, x), axis=1)[:, k]


between = distances(*features)  # a row for each real one
near_real, near_fake, wide_real = radius(features[0], 3), radius(features[1], 3), radius(features[0], 5)
prdc = [
    (between <= near_real[:, None]).any(0).mean(),
    (between <= near_fake[None, :]).any(1).mean(),
    (between <= wide_real[:, None]).sum(0).mean() / 5,
    (between <= wide_real[:, None]).any(1).mean(),
]

tensors = {
    "reals": reals,
    "fakes": fakes,
    "lines": lines,
    "centres.0": centres[0].astype(np.int64),
    "centres.1": centres[1].astype(np.int64),
    "swd": np.array(swd),
    "distances": np.array([mean_distance(x) for x in rows]),
    "seeds": seeds.astype(np.int64),
    "cells": n_real.astype(np.int64),
    "ndb": np.array(ndb, dtype=np.int64),
    "features.real": features[0],
    "features.fake": features[1],
    "prdc": np.array(prdc),
}
for name, value in list(tensors.items())[5:]:
    if value.size < 20:
        print(name, value)
out = Path(__file__).with_name("metrics.safetensors")
save_file({name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in tensors.items()}, out)
