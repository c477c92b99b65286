"""Times the CurricularFace head in eager PyTorch: forward, cross-entropy and the gradients of X and W.

Reads one JSON object from stdin: {"batch", "dim", "classes", "steps", "threads", "variant", "embeddings", "weights",
"labels"}, the last three being files of raw float32 and int64. Variants:
  published  the hard negatives are picked and written back by a boolean index, as the authors' release does it
  where      the same values, chosen by torch.where
Prints {"name", "version", "seconds": [...], "loss", "peakMiB"}.
"""

import json
import math
import resource
import sys
import time

import numpy
import torch
from torch import nn
from torch.nn import functional

MARGIN = 0.5
SCALE = 64.0
MOMENTUM = 0.01


class CurricularHead(nn.Module):
    def __init__(self, weights, variant):
        super().__init__()
        # One class a column, as the release stores it.
        self.kernel = nn.Parameter(weights.t().contiguous())
        self.variant = variant
        self.register_buffer("t", torch.zeros(1))
        self.cos_margin, self.sin_margin = math.cos(MARGIN), math.sin(MARGIN)
        self.threshold = math.cos(math.pi - MARGIN)
        self.linear = math.sin(math.pi - MARGIN) * MARGIN

    def forward(self, embeddings, labels):
        unit = functional.normalize(embeddings, dim=1)
        centers = functional.normalize(self.kernel, dim=0)
        cosines = torch.mm(unit, centers).clamp(-1, 1)
        rows = torch.arange(embeddings.size(0))
        target = cosines[rows, labels].view(-1, 1)
        sine = torch.sqrt(1.0 - torch.pow(target, 2))
        with_margin = target * self.cos_margin - sine * self.sin_margin
        hard = cosines > with_margin
        final = torch.where(target > self.threshold, with_margin, target - self.linear)
        with torch.no_grad():
            self.t = target.mean() * MOMENTUM + (1 - MOMENTUM) * self.t
        if self.variant == "published":
            picked = cosines[hard]
            cosines[hard] = picked * (self.t + picked)
        else:
            cosines = torch.where(hard, cosines * (self.t + cosines), cosines)
        cosines = cosines.scatter(1, labels.view(-1, 1), final)
        return cosines * SCALE


def main():
    task = json.load(sys.stdin)
    torch.set_num_threads(task["threads"])
    shape = (task["batch"], task["dim"])
    embeddings = torch.from_numpy(numpy.fromfile(task["embeddings"], dtype="<f4").reshape(shape))
    weights = numpy.fromfile(task["weights"], dtype="<f4").reshape(task["classes"], task["dim"])
    labels = torch.from_numpy(numpy.fromfile(task["labels"], dtype="<i8"))
    head = CurricularHead(torch.from_numpy(weights), task["variant"])
    embeddings.requires_grad_(True)
    seconds = []
    for _ in range(task["steps"]):
        embeddings.grad = None
        head.kernel.grad = None
        start = time.perf_counter()
        loss = functional.cross_entropy(head(embeddings, labels), labels)
        loss.backward()
        seconds.append(time.perf_counter() - start)
    print(
        json.dumps(
            {
                "name": f"PyTorch, {task['variant']}",
                "version": torch.__version__,
                "seconds": seconds,
                "loss": loss.item(),
                "peakMiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )


if __name__ == "__main__":
    main()
