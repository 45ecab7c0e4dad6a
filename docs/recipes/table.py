#!/usr/bin/env python3
"""What objectives and DiffAugment do on little data: trains the runs and prints a table.

    python3 docs/recipes/table.py --program target/release/latentscape --out runs/recipes

Every objective, with and without augmentation, on the first 100, 1,000 and 10,000 demo faces: the same
networks, seed and number of pictures shown. A run that is there already is not trained again, so that
the script can be stopped and started again. Needs nothing but Python's standard library.
"""

import argparse
import json
import subprocess
from pathlib import Path

OBJECTIVES = {
    "bce": ["--objective", "bce"],
    "lsgan": ["--objective", "lsgan"],
    "hinge": ["--objective", "hinge"],
    "relativistic, R1 + R2": ["--objective", "relativistic", "--r1", "0.05", "--r2", "0.05"],
}
AUGMENTATIONS = {
    "none": [],
    "all three": ["--augment", "all"],
}
PICTURES = [100, 1_000, 10_000]
NETWORKS = ["--preset", "dcgan-64", "--resolution", "32", "--width", "16", "--z", "64", "--batch", "16"]
QUIET = ["--measure-kimg", "0", "--keep-kimg", "0", "--keep-best", "none"]


def measured(program, out, kimg, objective, augmentation, pictures):
    """The measures of one run, which is trained if it has not been."""
    name = f"{objective}-{augmentation}-{pictures}".replace(", ", "-").replace(" ", "")
    folder = out / name
    result = folder / "evaluated.json"
    if not result.exists():
        settings = NETWORKS + OBJECTIVES[objective] + AUGMENTATIONS[augmentation]
        new = settings + ["--data", "demo", "--pictures", str(pictures)] + QUIET
        what = ["--resume"] if (folder / "config.json").exists() else new
        subprocess.run(
            [program, "train", "--out", folder, "--kimg", str(kimg), *what],
            check=True,
        )
        said = subprocess.run(
            [program, "evaluate", "--model", folder / "model.safetensors", "--data", "demo", "--json"],
            check=True,
            capture_output=True,
        )
        result.write_bytes(said.stdout)
    return json.loads(result.read_text())["generated"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default="latentscape", help="the program to train with")
    parser.add_argument("--out", type=Path, default=Path("runs/recipes"), help="where the runs go")
    parser.add_argument("--kimg", type=float, default=30, help="thousands of pictures shown in each run")
    args = parser.parse_args()

    heads = [f"{count:,} pictures" for count in PICTURES]
    print("| objective | augmentation | " + " | ".join(heads) + " |")
    print("|---" * (len(heads) + 2) + "|")
    for objective in OBJECTIVES:
        for augmentation in AUGMENTATIONS:
            cells = []
            for pictures in PICTURES:
                run = measured(args.program, args.out, args.kimg, objective, augmentation, pictures)
                cells.append(f"{run['swd']:.1f} / {run['ndb']:.2f}")
            print(f"| {objective} | {augmentation} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
