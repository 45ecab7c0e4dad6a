"""Files for tests/import_hostile.rs: what somebody may have put into a checkpoint.

    python tests/pytorch/import_hostile.py        # writes tests/fixtures/hostile/

`fine` is a generator that opens; most others are that generator with something done to it. Nothing here
runs what it writes: pickles are put together, not loaded.
"""

import io
import os
import pathlib
import pickle
import re
import struct
import zipfile
import zlib

import torch

HERE = pathlib.Path(__file__).parent.parent / "fixtures" / "hostile"
torch.manual_seed(3)
GENERATOR = {
    "main.0.weight": torch.randn(3, 2, 4, 4),
    "main.1.weight": torch.ones(2),
    "main.1.bias": torch.zeros(2),
    "main.1.running_mean": torch.zeros(2),
    "main.1.running_var": torch.ones(2),
    "main.3.weight": torch.randn(2, 1, 4, 4),
}


class Calls:
    """Pickles itself as a call."""

    def __init__(self, function, *args):
        self.call = (function, args)

    def __reduce__(self):
        return self.call


def saved(value, **how):
    out = io.BytesIO()
    torch.save(value, out, **how)
    return out.getvalue()


def rewritten(content, change, method=zipfile.ZIP_STORED):
    """The archive with other records: `change` takes name and bytes and gives bytes, or None."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", method) as new:
        for name in old.namelist():
            record = change(name, old.read(name))
            if record is not None:
                new.writestr(zipfile.ZipInfo(name), record, method)
    return out.getvalue()


def pickled(content, change):
    """The archive with another pickle."""
    return rewritten(content, lambda name, record: change(record) if name.endswith("data.pkl") else record)


def raw(data):
    """An archive with nothing but this pickle."""
    return rewritten(saved({}), lambda name, record: data if name.endswith("data.pkl") else record)


def tensor(count, offset, shape, stride):
    """The pickle of a dictionary with one tensor, whatever it claims."""
    number = lambda n: b"\x8a\x10" + n.to_bytes(16, "little", signed=True)
    row = lambda ns: b"(" + b"".join(map(number, ns)) + b"t"
    text = lambda t: b"X" + struct.pack("<I", len(t)) + t.encode()
    storage = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu") + number(count) + b"tQ"
    rebuild = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + number(offset) + row(shape) + row(stride)
    return b"\x80\x02}" + text("w") + rebuild + b"\x89}tRs."


def one(data):
    """An archive with this pickle, and four numbers."""
    content = saved({"w": torch.zeros(4)})
    return pickled(content, lambda _: data)


def lied(content, name, field, value):
    """The archive with another 32-bit number in the directory's entry of `name`."""
    at = content.rindex(b"PK\x01\x02")
    while content[at + 46 : at + 46 + len(name)] != name:
        at = content.rindex(b"PK\x01\x02", 0, at)
    return content[: at + field] + struct.pack("<I", value) + content[at + field + 4 :]


def main():
    HERE.mkdir(parents=True, exist_ok=True)
    write = lambda name, content: (HERE / name).write_bytes(content)
    fine = saved(GENERATOR)
    old = dict(_use_new_zipfile_serialization=False)
    write("fine.pth", fine)
    write("packed.pth", rewritten(fine, lambda _, record: record, zipfile.ZIP_DEFLATED))

    # Code.
    harm = Calls(os.system, "touch PWNED")
    write("call-beside.pth", saved({"netG": GENERATOR, "extra": harm}))
    write("call-beside.old.pth", saved({"netG": GENERATOR, "extra": harm}, **old))
    write("call-all.pth", saved(harm))
    write("call-eval.pth", saved([Calls(eval, "open('PWNED','w')"), Calls(exec, "import os")]))
    write("call-weights.pth", saved({k: Calls(os.system, "touch PWNED") for k in GENERATOR}))
    write("call-made.pth", saved(Calls(getattr, Calls(__import__, "os"), "system")))
    write("bare.pkl", pickle.dumps(harm, protocol=2))

    # Sizes that are not so.
    write("elements.pth", one(tensor(4, 0, (10**6, 10**6), (10**6, 1))))
    write("storage.pth", one(tensor(10**12, 0, (10**6, 10**6), (10**6, 1))))
    write("beyond.pth", one(tensor(4, 10**9, (2, 2), (2, 1))))
    write("strides.pth", one(tensor(4, 0, (2, 2), (2**62, 2**62))))
    write("overflow.pth", one(tensor(4, 0, (2**62, 4, 4), (1, 1, 1))))
    write("negative.pth", one(tensor(4, 0, (-2, 2), (2, 1))))
    write("repeated.pth", one(tensor(4, 0, (10**12,), (0,))))
    write("elsewhere.pth", one(tensor(4, 0, (2, 2), (2, 1)).replace(b"\x01\x00\x00\x000", b"\x0b\x00\x00\x00../../../.0")))
    write("legacy-cut.old.pth", saved(GENERATOR, **old)[:-150])
    write("legacy-stub.old.pth", saved(GENERATOR, **old)[:200])
    write("cut.pth", fine[: len(fine) // 2])
    # A record that claims ten gigabytes, one that is unpacked to more values than any pickle has, one
    # that claims fewer bytes than it has.
    deflated = rewritten(fine, lambda _, record: record, zipfile.ZIP_DEFLATED)
    write("bomb-claims.pth", lied(deflated, b"archive/data/0", 24, 4_000_000_000))
    write("bomb-pickle.pth", rewritten(raw(b"N" * 8_000_000), lambda _, record: record, zipfile.ZIP_DEFLATED))
    write("bomb-short.pth", lied(fine, b"archive/data/0", 24, 8))
    write("locked.pth", lied(fine, b"archive/data/0", 8, 1))
    write("no-pickle.pth", rewritten(fine, lambda name, record: None if name.endswith("data.pkl") else record))

    # Knots.
    knot = {"netG": GENERATOR}
    knot["self"] = knot
    write("knot.pth", saved(knot))
    deep = b"\x80\x02]" + b"]" * 100_000 + b"a" * 100_000 + b"."
    write("deep.pth", rewritten(raw(deep), lambda _, record: record, zipfile.ZIP_DEFLATED))
    # A list of two, each of which is a list of two, forty times: 2^40 ways to one tensor.
    laughs = tensor(4, 0, (2, 2), (2, 1))[2:-1]
    for i in range(40):
        laughs = laughs + b"q" + bytes([i]) + b"h" + bytes([i]) + b"\x86"
    write("laughs.pth", one(b"\x80\x02" + laughs + b"."))

    # Machines and names.
    write("big.pth", rewritten(fine, lambda name, record: b"big" if name.endswith("byteorder") else record))
    write("big.old.pth", re.sub(rb"(little_endianq.)\x88", b"\\1\x89", saved(GENERATOR, **old)))
    escapes = {k.replace("main", "\x1b[2J\x07main"): v for k, v in GENERATOR.items()}
    write("escapes.pth", saved({"netG": GENERATOR, "notes": escapes}))
    write("nan.pth", saved({k: v * float("nan") for k, v in GENERATOR.items()}))
    (HERE / "tar.pth.tar").write_bytes(tar())
    write("packed.pth.gz", zlib.compress(fine, 9, 31))


def tar():
    import tarfile

    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        about = tarfile.TarInfo("weights.pth")
        archive.addfile(about, io.BytesIO(b""))
    return out.getvalue()[:1024]


if __name__ == "__main__":
    main()
