"""Training speed of three face backbones in PyTorch on the CPU, as one line of JSON.

    python3 bench/peers/backbone.py --model tiny-iresnet --batch 64

Measured is what `cf bench backbone` measures: forward in training mode, then backward from a given gradient of the
embedding to all weights; and the peak of resident memory (VmHWM) above what the process has once torch, weights and
pictures are there, null where there is no /proc. Give glibc the environment that keeps large buffers, as for the other side:
MALLOC_MMAP_THRESHOLD_=4000000000 MALLOC_TRIM_THRESHOLD_=8000000000, and leave OPENBLAS_CORETYPE unset.
"""

import argparse
import gc
import json
import statistics
import time

import torch
from torch import nn


def conv(channels, to, kernel, stride=1, padding=0, groups=1):
    return nn.Conv2d(channels, to, kernel, stride, padding, groups=groups, bias=False)


class ResidualBlock(nn.Module):
    """BN, 3x3, BN, PReLU, 3x3 with the stride, BN, plus the input."""

    def __init__(self, channels, to, stride):
        super().__init__()
        self.body = nn.Sequential(
            nn.BatchNorm2d(channels),
            conv(channels, to, 3, 1, 1),
            nn.BatchNorm2d(to),
            nn.PReLU(to),
            conv(to, to, 3, stride, 1),
            nn.BatchNorm2d(to),
        )
        same = stride == 1 and channels == to
        self.shortcut = nn.Identity() if same else nn.Sequential(conv(channels, to, 1, stride), nn.BatchNorm2d(to))

    def forward(self, x):
        return self.body(x) + self.shortcut(x)


def residual(blocks, widths, first, side, embedding):
    """A stem without stride, then stages that halve the image."""
    layers = [conv(3, first, 3, 1, 1), nn.BatchNorm2d(first), nn.PReLU(first)]
    channels = first
    for count, to in zip(blocks, widths):
        for block in range(count):
            layers.append(ResidualBlock(channels, to, 2 if block == 0 else 1))
            channels = to
    layers += [nn.BatchNorm2d(channels), nn.Flatten(), nn.Linear(channels * side * side, embedding)]
    return nn.Sequential(*layers, nn.BatchNorm1d(embedding))


class Bottleneck(nn.Module):
    """1x1 up, 3x3 depthwise, 1x1 down without PReLU; plus the input where the shapes agree."""

    def __init__(self, channels, to, expansion, stride):
        super().__init__()
        wide = channels * expansion
        self.adds = stride == 1 and channels == to
        self.body = nn.Sequential(
            conv(channels, wide, 1),
            nn.BatchNorm2d(wide),
            nn.PReLU(wide),
            conv(wide, wide, 3, stride, 1, wide),
            nn.BatchNorm2d(wide),
            nn.PReLU(wide),
            conv(wide, to, 1),
            nn.BatchNorm2d(to),
        )

    def forward(self, x):
        return self.body(x) + x if self.adds else self.body(x)


def mobilefacenet(embedding=128):
    def unit(*args):
        return [conv(*args), nn.BatchNorm2d(args[1]), nn.PReLU(args[1])]

    layers = unit(3, 64, 3, 2, 1) + unit(64, 64, 3, 1, 1, 64)
    channels = 64
    for expansion, to, count, stride in [(2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1)]:
        for block in range(count):
            layers.append(Bottleneck(channels, to, expansion, stride if block == 0 else 1))
            channels = to
    layers += unit(128, 512, 1)
    layers += [conv(512, 512, 7, 1, 0, 512), nn.BatchNorm2d(512), conv(512, embedding, 1), nn.BatchNorm2d(embedding)]
    return nn.Sequential(*layers, nn.Flatten())


MODELS = {
    "tiny-iresnet": (56, lambda: residual([1, 1, 1, 1], [32, 64, 128, 256], 32, 4, 256)),
    "iresnet18": (112, lambda: residual([2, 2, 2, 2], [64, 128, 256, 512], 64, 7, 512)),
    "mobilefacenet": (112, mobilefacenet),
}


def peak_mib():
    """Peak resident memory of this process, in MiB; None where the system does not tell."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        return None


def reset_peak():
    """Lets the peak start again from what is resident now, where the system can."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", choices=list(MODELS), required=True)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--channels-last", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    side, build = MODELS[options.model]
    net = build().train()
    x = torch.rand(options.batch, 3, side, side) * 2 - 1
    if options.channels_last:
        net, x = net.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
    gc.collect()
    reset_peak()
    memory_before = peak_mib()
    seed = None
    forward, backward, cpu = [], [], []
    for run in range(options.warmup + options.runs):
        cpu_before = time.process_time()
        start = time.perf_counter()
        y = net(x)
        middle = time.perf_counter()
        seed = torch.randn_like(y) if seed is None else seed
        before = time.perf_counter()
        y.backward(seed)
        end = time.perf_counter()
        cpu_end = time.process_time()
        net.zero_grad(set_to_none=True)
        if run >= options.warmup:
            forward.append(middle - start)
            backward.append(end - before)
            cpu.append(cpu_end - cpu_before)
    memory_after = peak_mib()
    seconds = statistics.median(f + b for f, b in zip(forward, backward))
    print(
        json.dumps(
            {
                "library": "torch",
                "version": torch.__version__,
                "model": options.model,
                "batch": options.batch,
                "threads": options.threads,
                "channelsLast": options.channels_last,
                "parameters": sum(weight.numel() for weight in net.parameters()),
                "runs": options.runs,
                "forwardSeconds": statistics.median(forward),
                "backwardSeconds": statistics.median(backward),
                "cpuSeconds": statistics.median(cpu),
                "imagesPerSecond": options.batch / seconds,
                "peakExtraMiB": None if None in (memory_before, memory_after) else memory_after - memory_before,
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    main()
