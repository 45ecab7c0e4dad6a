"""Prints a run's curve as a table for a model card: means over each tenth of the run.

    python models/curve.py runs/NAME/losses.jsonl
"""

import json
import sys

steps = [json.loads(line) for line in open(sys.argv[1])]
print("| kimg | loss of D | loss of G | D(x) | D(G(z)) |\n|---|---|---|---|---|")
for part in range(10):
    rows = steps[len(steps) * part // 10 : len(steps) * (part + 1) // 10]
    mean = lambda key: sum(row[key] for row in rows) / len(rows)
    end = rows[-1]["images"] / 1000
    print(f"| {end:.0f} | {mean('loss_d'):.3f} | {mean('loss_g'):.3f} | {mean('d_real'):.3f} | {mean('d_fake'):.3f} |")
