"""Reads a TensorBoard event file with nothing but the format's description, and prints its numbers.

    python tests/pytorch/events.py runs/mine/events.out.tfevents.latentscape
    python tests/pytorch/events.py          # the record that a test of src/train/event_file.rs expects
"""

import struct
import sys


def crc32c(data):
    """Bit by bit, polynomial 0x1EDC6F41 reflected."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def record(data):
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked(length)) + data + struct.pack("<I", masked(data))


def varint(number):
    out = b""
    while True:
        number, low = number >> 7, number & 0x7F
        out += bytes([low | (0x80 if number else 0)])
        if not number:
            return out


def message(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def event(wall_time, step, values):
    summary = b"".join(
        message(1, message(1, tag.encode()) + varint(2 << 3 | 5) + struct.pack("<f", value))
        for tag, value in values
    )
    head = varint(1 << 3 | 1) + struct.pack("<d", wall_time) + varint(2 << 3) + varint(step)
    return head + message(5, summary)


def fields(data):
    at = 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = number()
        if key & 7 == 0:
            yield key >> 3, number()
            continue
        size = {1: lambda: 8, 2: number, 5: lambda: 4}[key & 7]()
        yield key >> 3, data[at : at + size]
        at += size


def read(data):
    at = 0
    while at < len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        (crc,) = struct.unpack_from("<I", data, at + 8)
        assert crc == masked(data[at : at + 8]), f"length at {at}"
        body = data[at + 12 : at + 12 + length]
        (crc,) = struct.unpack_from("<I", data, at + 12 + length)
        assert crc == masked(body), f"data at {at}"
        at += 16 + length
        yield dict(fields(body))


if len(sys.argv) == 1:
    print(record(event(1234.5, 300, [("loss/generator", -1.5), ("verdict/real", 0.75)])).hex())
    sys.exit()
last = -1
for number, found in enumerate(read(open(sys.argv[1], "rb").read())):
    if number == 0:
        assert found[3] == b"brain.Event:2", found
        continue
    values = [dict(fields(value)) for key, value in fields(found[5]) if key == 1]
    step = found.get(2, 0)
    assert step >= last, (step, last)
    last = step
    print(step, {v[1].decode(): round(struct.unpack("<f", v[2])[0], 4) for v in values})
