"""From the start of a program to its first picture: Latentscape's command line and window, and PyTorch.

run.py prints it as a table. Called as `python start.py MODEL LATENTS OUT`, this file is the peer: it imports
PyTorch, loads the generator, draws, and writes the pictures.
"""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MODEL = ROOT / "models" / "faces-64.safetensors"
# What the window writes to its log as soon as there is a picture.
FIRST = "first picture after"


def until_end(command):
    """Seconds that a program takes."""
    begun = time.perf_counter()
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begun


def until_picture(program, home):
    """Seconds until the window has its first picture."""
    env = os.environ | {"LATENTSCAPE_LOG": "info", "HOME": home}
    env |= {name: home for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")}
    begun = time.perf_counter()
    window = subprocess.Popen([program, MODEL], env=env, stderr=subprocess.PIPE, text=True)
    try:
        for line in window.stderr:
            if FIRST in line:
                return time.perf_counter() - begun
        raise SystemExit("the window ended without a picture")
    finally:
        window.kill()
        window.wait()


def compared(python, program, folder, rounds):
    """Medians in seconds, in turn; the window's is None without a screen. The pictures are compared first."""
    z, ours, theirs = (folder / name for name in ("z.npy", "ours.npy", "theirs.npy"))
    draw = "import sys, numpy as n; n.save(sys.argv[1], n.random.default_rng(1).standard_normal((1, 64), n.float32))"
    subprocess.run([python, "-c", draw, z], check=True)
    programs = {
        "ours": [program, "generate", "--model", MODEL, "--latents", z, "--out", ours],
        "theirs": [python, __file__, MODEL, z, theirs],
    }
    for command in programs.values():
        until_end(command)
    apart = "import sys, numpy as n; a, b = map(n.load, sys.argv[1:]); print(abs(a - b).max())"
    said = subprocess.run([python, "-c", apart, ours, theirs], check=True, stdout=subprocess.PIPE)
    if float(said.stdout) > 1e-4:
        raise SystemExit(f"the first pictures differ by {float(said.stdout):.1e}; nothing was timed")
    has_screen = sys.platform != "linux" or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    times = {name: [] for name in (*programs, "window")}
    for _ in range(rounds):
        for name, command in programs.items():
            times[name].append(until_end(command))
        if has_screen:
            times["window"].append(until_picture(program, str(folder)))
    return {name: statistics.median(found) if found else None for name, found in times.items()}


def table(times):
    cell = lambda seconds: "no screen" if seconds is None else f"{seconds:.2f}"
    heads = ["seconds to the first picture", "Latentscape, command line", "window", "PyTorch"]
    cells = ["faces-64", *(cell(times[name]) for name in ("ours", "window", "theirs"))]
    return "\n".join("| " + " | ".join(line) + " |" for line in (heads, ["---"] * 4, cells))


def main():
    """The peer."""
    import numpy
    import torch
    from safetensors.torch import load_file

    import networks

    model, latents, out = sys.argv[1:]
    weights = load_file(model)
    g, _ = networks.load({f"g.{name}": x for name, x in weights.items() if not name.startswith("raw.")})
    with torch.inference_mode():
        numpy.save(out, g.eval()(torch.from_numpy(numpy.load(latents))).numpy())


if __name__ == "__main__":
    main()
