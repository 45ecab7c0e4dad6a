"""Runs the Python that `latentscape convert` prints, and compares what it draws with PyTorch's pixels.

    python tests/pytorch/load_converted.py SNIPPET.py CASE

CASE names pixels of the expected.safetensors in tests/fixtures/import or tests/fixtures/choices, which
import_matrix.py and import_choices.py wrote.
"""

import pathlib
import sys
import types

import torch
from safetensors.torch import load_file

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))
import import_matrix


def unet(inputs, outputs, downs, width, norm_layer, use_dropout):
    """What the module `models.networks` of the public implementation has, in the size of the matrix."""
    assert (inputs, outputs, downs, norm_layer) == (1, 3, 5, torch.nn.BatchNorm2d)
    return import_matrix.UNet(width)


networks = types.ModuleType("models.networks")
networks.UnetGenerator = unet
sys.modules |= {"models": types.ModuleType("models"), "models.networks": networks}

snippet, case = sys.argv[1:]
fixtures = HERE.parent / "fixtures"
expected = load_file(fixtures / "import" / "expected.safetensors")
expected |= load_file(fixtures / "choices" / "expected.safetensors")
given, pictures = expected[f"{case}.input"], expected[f"{case}.output"]
there = {}
exec(pathlib.Path(snippet).read_text(), there)
if "session" in there:
    session = there["session"]
    drawn = torch.from_numpy(session.run(None, {session.get_inputs()[0].name: given.numpy()})[0])
else:
    with torch.inference_mode():
        drawn = there["generator"](given)
assert there["pictures"].shape[1:] == pictures.shape[1:]
worst = float((drawn - pictures).abs().max())
print(worst)
assert worst < 1e-4, f"off by {worst}"
