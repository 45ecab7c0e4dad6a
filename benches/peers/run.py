#!/usr/bin/env python3
"""Latentscape beside PyTorch and ONNX Runtime: the same work on the same machine, in turn.

    python3 benches/peers/run.py [--only NAME] [--rounds 5] [--seconds 2] [--threads 2] [--scaling] [--device cpu]
                                 [--python PYTHON] [--program BENCH] [--latentscape PROGRAM]

Sets the peers up in a virtual environment (target/peers; --python takes one that is there), builds our
side, and for each row of the table lets all of them draw or train on the same weights and batch. What
comes out is compared first. Then they are timed in turn, A B A B …, each waiting while another runs; the
medians are printed as a Markdown table, and below it the seconds from start to first picture (start.py).
Needs nothing but Python's standard library to start.
"""

import argparse
import datetime
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import start

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
EAGER, LAST, COMPILE, ONNX = "eager", "channels-last", "compile", "onnx"
TITLES = {
    EAGER: "PyTorch",
    LAST: "PyTorch, channels last",
    COMPILE: "PyTorch, compiled",
    ONNX: "ONNX Runtime",
}


@dataclass
class Row:
    """One line of the table; `benches/rows.json` has them."""

    name: str
    kind: str
    preset: str
    batch: int
    width: int | None = None
    resolution: int | None = None
    # Ours over the best peer, in time: what is aimed at.
    aim: float | None = None
    # Of each program, if not as many as --threads says.
    threads: int | None = None

    def peers(self, device):
        has_onnx = self.kind == "forward" and device == "cpu"
        return [EAGER, LAST, COMPILE, ONNX] if has_onnx else [EAGER, LAST, COMPILE]


ROWS = [Row(**row) for row in json.loads((ROOT / "benches" / "rows.json").read_text(encoding="utf-8"))]
# How cost grows: from dcgan-64 with f = 64, one number at a time.
SCALING = (
    [Row(f"batch {n}", "forward", "dcgan-64", n, 64) for n in (1, 4, 16, 64, 256)]
    + [Row(f"{n}×{n}", "forward", "dcgan-64", 4, 64, n) for n in (32, 64, 128, 256)]
    + [Row(f"f = {n}", "forward", "dcgan-64", 4, n) for n in (16, 32, 64, 128)]
    + [Row(f"{n} thread{'s' * (n > 1)}", "forward", "dcgan-64", 4, 64, threads=n) for n in (1, 2)]
    + [Row(f"step, {n} thread{'s' * (n > 1)}", "step", "dcgan-64", 64, 64, threads=n) for n in (1, 2)]
)


class Worker:
    """A program that is told what to do, and waits in between."""

    def __init__(self, command, threads):
        names = ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"]
        env = os.environ | {name: str(threads) for name in names}
        if shutil.which("taskset") and (os.cpu_count() or 1) > threads:
            command = ["taskset", "-c", f"0-{threads - 1}", *command]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, env=env, text=True, cwd=HERE)

    def ask(self, what, **order):
        print(json.dumps({"do": what} | order), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args} ended at {what}")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def python_with_peers(given):
    if given:
        return given
    place = ROOT / "target" / "peers"
    python = place / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "-r", HERE / "requirements.txt"]
        subprocess.run(pip, check=True)
    return str(python)


def our_program(given, device="cpu"):
    """Our side of the comparison, built for `device`."""
    if given:
        return given
    features = [] if device == "cpu" else ["--features", device.split(":")[0]]
    command = ["cargo", "bench", "--locked", "--bench", "peers", "--no-run", *features]
    said = subprocess.run(
        [*command, "--message-format=json"], check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    found = [json.loads(line) for line in said.stdout.splitlines()]
    return next(
        m["executable"] for m in found if m.get("executable") and m["target"]["name"] == "peers"
    )


def our_latentscape(given):
    """The program itself, as users build it."""
    if given:
        return str(Path(given).resolve())
    subprocess.run(["cargo", "build", "--release", "--locked"], check=True, cwd=ROOT)
    return str(ROOT / "target" / "release" / "latentscape")


def difference(python, a, b):
    """The largest difference between two files of results, relative where they are large."""
    code = (
        "import sys; from safetensors.torch import load_file as f; a, b = map(f, sys.argv[1:]);"
        "print(max(((a[k] - b[k]).abs() / b[k].abs().clamp(min=1)).max().item() for k in a))"
    )
    said = subprocess.run([python, "-c", code, a, b], check=True, stdout=subprocess.PIPE, text=True)
    return float(said.stdout)


def compared(row, ours, python, folder, args):
    """Medians in milliseconds of ours and of each peer, the floor, and memory in MB."""
    given, files = str(folder / "given.safetensors"), {}
    case = {"kind": row.kind, "preset": row.preset, "batch": row.batch, "given": given}
    case |= {"width": row.width, "resolution": row.resolution, "device": args.device}
    threads = row.threads or args.threads
    workers = {"ours": Worker([ours, "serve"], threads)}
    workers["ours"].ask("setup", **case)
    peers = [EAGER] if args.scaling else row.peers(args.device)
    for peer in peers:
        command = [python, str(HERE / "peer.py"), peer, str(threads), args.device]
        workers[peer] = Worker(command, threads)
        workers[peer].ask("setup", **case)
    for name, worker in workers.items():
        files[name] = str(folder / f"{name}.safetensors")
        worker.ask("check", path=files[name])
    for name in peers:
        apart = difference(python, files["ours"], files[name])
        if apart > 1e-4:
            raise SystemExit(f"{row.name}: {name} and ours differ by {apart:.1e}; nothing was timed")
    times = {name: [] for name in workers}
    for _ in range(args.rounds):
        for name, worker in workers.items():
            times[name].append(statistics.median(worker.ask("time", seconds=args.seconds)["millis"]))
    memory = {}
    for name, worker in workers.items():
        said = worker.ask("memory")
        memory[name] = said["peak_mb"] - said["before_mb"]
    if args.device != "cpu":
        # What ours holds there, only the driver knows.
        memory["ours"] = None
    floor = workers[EAGER].ask("floor", given=given)
    for worker in workers.values():
        worker.close()
    return {name: statistics.median(found) for name, found in times.items()}, floor, memory


def processor():
    """What the system calls it."""
    about = Path("/proc/cpuinfo")
    lines = about.read_text(encoding="utf-8").splitlines() if about.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def number(millis):
    return f"{millis:.2f}" if millis < 10 else f"{millis:.1f}" if millis < 100 else f"{millis:.0f}"


def table(rows, results):
    peers = [EAGER, LAST, COMPILE, ONNX]
    heads = ["milliseconds", "Latentscape", *(TITLES[peer] for peer in peers)]
    heads += ["to the best peer", "aim", "floor", "of the floor", "peak MB, PyTorch's"]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for row in rows:
        times, floor, memory = results[row.name]
        best = min(time for name, time in times.items() if name != "ours")
        cells = [row.name, number(times["ours"])]
        cells += [number(times[peer]) if peer in times else "–" for peer in peers]
        cells += [f"{times['ours'] / best:.2f} ×", f"{row.aim:.2f} ×" if row.aim else "–"]
        cells += [number(floor["millis"]), f"{floor['millis'] / times['ours']:.0%}"]
        ours = "–" if memory["ours"] is None else f"{memory['ours']:.0f}"
        cells += [f"{ours}, {memory[EAGER]:.0f}"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def scaling_table(rows, results):
    lines = ["| | Latentscape, ms | PyTorch, ms | of the floor |", "|---|---|---|---|"]
    for row in rows:
        times, floor, _ = results[row.name]
        share = floor["millis"] / times["ours"]
        lines.append(f"| {row.name} | {number(times['ours'])} | {number(times[EAGER])} | {share:.0%} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", help="rows whose name contains this")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each program")
    parser.add_argument("--seconds", type=float, default=2, help="length of a turn")
    parser.add_argument("--threads", type=int, default=2, help="threads, and processors, of each")
    parser.add_argument("--device", default="cpu", help="cpu, or cuda:0: our side is then built with that feature")
    parser.add_argument("--scaling", action="store_true", help="how cost grows, beside PyTorch alone")
    parser.add_argument("--python", help="a Python that has the peers")
    parser.add_argument("--program", help="our bench program, built before")
    parser.add_argument("--latentscape", help="our program, built before")
    args = parser.parse_args()

    python = python_with_peers(args.python)
    rows = [row for row in (SCALING if args.scaling else ROWS) if (args.only or "") in row.name]
    results, starts = {}, None
    with tempfile.TemporaryDirectory() as folder:
        ours = our_program(args.program, args.device) if rows else None
        for row in rows:
            print(f"{row.name} …", file=sys.stderr, flush=True)
            results[row.name] = compared(row, ours, python, Path(folder), args)
        if not args.scaling and args.device == "cpu" and (args.only or "") in "start":
            print("start …", file=sys.stderr, flush=True)
            program = our_latentscape(args.latentscape)
            starts = start.compared(python, program, Path(folder), args.rounds)
    if results:
        floor = next(iter(results.values()))[1]
        where = f"{processor()}, {args.threads} threads" if args.device == "cpu" else args.device
        print(f"\n{datetime.date.today()}, {where}: ", end="")
        print(f"{floor['gflops']:.0f} GFLOP/s in matrix products, {floor['gb_per_s']:.1f} GB/s copied\n")
        print((scaling_table if args.scaling else table)(rows, results))
    if starts:
        print("\n" + start.table(starts))


if __name__ == "__main__":
    main()
