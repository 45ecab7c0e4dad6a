"""One peer of the comparison: it is told on its input what to build and to time, a line of JSON each.

    python peer.py eager|channels-last|compile|onnx THREADS [cpu|cuda:N]

The orders are those of benches/peers/main.rs, but that `setup` reads what that program wrote. `floor`
measures what the machine can do: multiplications in matrices that fit, and bytes copied.
"""

import json
import resource
import statistics
import sys
import time

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

import networks


def peak_mb(device):
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Forward:
    """Pictures from latents by the generator."""

    def __init__(self, peer, state, path):
        self.z = state["z"]
        g, _ = networks.load(state)
        g.eval()
        if peer == "channels-last":
            g = g.to(memory_format=torch.channels_last)
        if peer == "compile":
            graphs = "" if self.z.is_cuda else "-no-cudagraphs"
            g = torch.compile(g, mode=f"max-autotune{graphs}")
        if peer == "onnx":
            import onnxruntime

            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = torch.get_num_threads()
            torch.onnx.export(g, (self.z,), path + ".onnx", dynamo=False, input_names=["z"])
            providers = ["CPUExecutionProvider"]
            session = onnxruntime.InferenceSession(path + ".onnx", options, providers=providers)
            z = self.z.numpy()
            self.draw = lambda: torch.from_numpy(session.run(None, {"z": z})[0])
        else:
            self.draw = lambda: g(self.z)

    def run(self):
        with torch.inference_mode():
            return {"pictures": self.draw()}


class Step:
    """A training step of both networks, as in the PyTorch tutorial; where a picture goes in, as published
    for pix2pix: both judged with their input, D halved, and 100 times the distance to the truth."""

    def __init__(self, peer, state, path):
        self.z, self.real = state["z"], state["real"]
        self.g, self.d = networks.load(state)
        if peer == "channels-last":
            self.g, self.d = (n.to(memory_format=torch.channels_last) for n in (self.g, self.d))
            if self.real.dim() == 4:
                self.real = self.real.contiguous(memory_format=torch.channels_last)
        adam = lambda net: torch.optim.Adam(net.parameters(), 2e-4, (0.5, 0.999))
        self.adam_g, self.adam_d = adam(self.g), adam(self.d)
        self.judge, self.draw = self.d, self.g
        if peer == "compile":
            self.judge, self.draw = torch.compile(self.d), torch.compile(self.g)
        # What our step also does: the generator's moving average.
        self.average = [p.detach().clone() for p in self.g.parameters()]

        self.is_pair = self.z.dim() == 4

    def loss(self, pictures, label):
        logits = self.judge(torch.cat([self.z, pictures], 1) if self.is_pair else pictures)
        return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))

    def run(self):
        fake = self.draw(self.z)
        self.adam_d.zero_grad()
        label, share = (1.0, 0.5) if self.is_pair else (0.9, 1.0)
        on_real, on_fake = self.loss(self.real, label), self.loss(fake.detach(), 0.0)
        loss_d = share * (on_real + on_fake)
        loss_d.backward()
        self.adam_d.step()
        self.adam_g.zero_grad()
        self.d.requires_grad_(False)
        loss_g = self.loss(fake, 1.0)
        (loss_g + 100 * F.l1_loss(fake, self.real) if self.is_pair else loss_g).backward()
        self.d.requires_grad_(True)
        self.adam_g.step()
        with torch.no_grad():
            torch._foreach_lerp_(self.average, list(self.g.parameters()), 0.01)
        number = lambda x: x.detach().reshape(1)
        return {"loss_d": number(loss_d), "loss_g": number(loss_g)}


def finish(device):
    """Waits for what a GPU has been given to do."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def floor(path, device):
    """Seconds that the arithmetic, or the memory, of the work in `path` takes at the least."""
    state = load_file(path, device=str(device))
    g, d = networks.load(state)
    is_step = d is not None
    pictures, operations, moved = networks.count(g, state["z"], is_step)
    if is_step:
        # Twice forth and back to the weights, once forth and back to the picture.
        shown = torch.cat([state["z"], pictures], 1) if state["z"].dim() == 4 else pictures
        _, on_d, bytes_d = networks.count(d, shown, False)
        operations, moved = operations + 8 * on_d, moved + 8 * bytes_d
        # Adam reads weights, gradients and two moments, and writes all but the gradients.
        moved += 28 * sum(p.numel() for net in (g, d) for p in net.parameters())

    def best(run, amount, seconds=1.0):
        run()
        finish(device)
        times, end = [], time.perf_counter() + seconds
        while time.perf_counter() < end:
            start = time.perf_counter()
            run()
            finish(device)
            times.append(time.perf_counter() - start)
        return amount / statistics.median(times)

    a, b = (torch.rand(1536, 1536, device=device) for _ in range(2))
    c = torch.empty_like(a)
    rate = best(lambda: torch.mm(a, b, out=c), 2 * 1536**3)
    x = torch.rand(1 << 26, device=device)
    y = torch.empty_like(x)
    bandwidth = best(lambda: y.copy_(x), 8 * x.numel())
    return {
        "millis": 1e3 * max(operations / rate, moved / bandwidth),
        "gflops": rate / 1e9,
        "gb_per_s": bandwidth / 1e9,
        "gflop": operations / 1e9,
    }


def main():
    peer, threads = sys.argv[1], int(sys.argv[2])
    device = torch.device(sys.argv[3] if len(sys.argv) > 3 else "cpu")
    torch.set_num_threads(threads)
    before, work = peak_mb(device), None
    for line in sys.stdin:
        order = json.loads(line)
        what, answer = order["do"], {}
        if what == "setup":
            kind = {"forward": Forward, "step": Step}[order["kind"]]
            work = kind(peer, load_file(order["given"], device=str(device)), order["given"])
        elif what == "check":
            # Compared are the results of 32 bits throughout; timed is what PyTorch does by default.
            default, torch.backends.cudnn.allow_tf32 = torch.backends.cudnn.allow_tf32, False
            results = {name: x.contiguous().cpu() for name, x in work.run().items()}
            torch.backends.cudnn.allow_tf32 = default
            save_file(results, order["path"])
        elif what == "time":
            times, begun = [], time.perf_counter()
            while len(times) < 3 or time.perf_counter() - begun < order["seconds"]:
                start = time.perf_counter()
                work.run()
                finish(device)
                times.append(1e3 * (time.perf_counter() - start))
            answer = {"millis": times}
        elif what == "memory":
            answer = {"peak_mb": peak_mb(device), "before_mb": before}
        elif what == "floor":
            answer = floor(order["given"], device)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
