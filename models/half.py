#!/usr/bin/env python3
"""A run's model as it is shipped: the averaged weights alone, as 16-bit floats.

    python3 models/half.py runs/sketch2face/model.safetensors models/sketch2face.safetensors

Needs NumPy. The description in the header stays what it was.
"""

import json
import struct
import sys

import numpy as np

SIZES = {"I64": 8, "F16": 2}


def main():
    source, target = sys.argv[1:3]
    data = open(source, "rb").read()
    length = struct.unpack("<Q", data[:8])[0]
    header, data = json.loads(data[8 : 8 + length]), data[8 + length :]
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or name.startswith("raw."):
            continue
        begin, end = entry["data_offsets"]
        kind, values = entry["dtype"], data[begin:end]
        if kind == "F32":
            half = np.frombuffer(values, "<f4").astype("<f2")
            assert np.isfinite(half).all(), f"{name} does not fit into 16 bits"
            kind, values = "F16", half.tobytes()
        tensors[name] = (kind, entry["shape"], values)
    # The largest items first, so that all are aligned.
    names = sorted(tensors, key=lambda name: (-SIZES[tensors[name][0]], name))
    out, place = {"__metadata__": header["__metadata__"]}, 0
    for name in names:
        kind, shape, values = tensors[name]
        out[name] = {"dtype": kind, "shape": shape, "data_offsets": [place, place + len(values)]}
        place += len(values)
    text = json.dumps(out, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(target, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.writelines(tensors[name][2] for name in names)


if __name__ == "__main__":
    main()
