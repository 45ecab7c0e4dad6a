"""Makes the pictures that the image crate cannot write, and what Pillow makes of them.

    python make_fixtures.py

Needs Pillow and numpy. `*-read.png` is Pillow's reading of the file of that name, on white; `frames.json` holds
Pillow's crops and resizes of `gradient.png`.
"""

import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

HERE = Path(__file__).parent


def gradient(width, height):
    """A smooth picture without symmetry: red to the right, green downwards, blue a soft disc."""
    y, x = np.mgrid[0:height, 0:width]
    disc = np.exp(-(((x - width * 0.3) / width) ** 2 + ((y - height * 0.6) / height) ** 2) * 12)
    planes = [x * 255 / (width - 1), y * 255 / (height - 1), disc * 255]
    return Image.fromarray(np.stack(planes, -1).round().astype(np.uint8), "RGB")


def main():
    picture = gradient(48, 32)
    picture.save(HERE / "gradient.png", optimize=True)

    cmyk = picture.convert("CMYK")
    cmyk.save(HERE / "cmyk.jpg", quality=95, subsampling=0)

    for number in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = number
        path = HERE / f"exif-{number}.jpg"
        gradient(24, 16).save(path, quality=95, subsampling=0, exif=exif)
    picture.save(HERE / "progressive.jpg", quality=95, subsampling=0, progressive=True)
    picture.save(HERE / "lossy.webp", quality=95)
    picture.quantize(64).save(HERE / "palette.png", transparency=bytes(range(0, 256, 4)))
    frames = [gradient(20, 12), ImageOps.invert(gradient(20, 12))]
    frames[0].save(HERE / "animated.webp", save_all=True, append_images=frames[1:], lossless=True, duration=50)

    for name in ["cmyk.jpg", "palette.png", "progressive.jpg", "lossy.webp"]:
        seen = Image.open(HERE / name)
        seen = seen.convert("RGB" if seen.mode in ("RGB", "CMYK") else "RGBA").convert("RGBA")
        white = Image.new("RGBA", seen.size, "white")
        flat = Image.alpha_composite(white, seen).convert("RGB")
        flat.save(HERE / f"{name.split('.')[0]}-read.png", optimize=True)

    def box(width, height):
        """What ImageOps.fit cuts out, but not rounded to whole pixels."""
        scale = min(picture.width / width, picture.height / height)
        w, h = width * scale, height * scale
        left, top = (picture.width - w) / 2, (picture.height - h) / 2
        return (left, top, left + w, top + h)

    rows = []
    for width, height in [(16, 16), (7, 11), (48, 32), (52, 50), (12, 3)]:
        window = box(width, height)
        shrinks = (window[2] - window[0]) * (window[3] - window[1]) > width * height
        method = Image.Resampling.LANCZOS if shrinks else Image.Resampling.BICUBIC
        for mode in ["RGB", "L"]:
            cut = picture.convert(mode).resize((width, height), method, box=window)
            rows.append({"width": width, "height": height, "channels": len(mode) if mode == "RGB" else 1,
                         "pixels": np.asarray(cut).ravel().tolist()})
    (HERE / "frames.json").write_text("[\n" + ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows) + "\n]\n")


main()
