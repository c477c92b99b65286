"""Trains tiny-iresnet with the CurricularFace head from given weights on given batches, for step-parity.ts.

Reads one JSON object from stdin: {"scale", "margin", "alpha", "momentum", "weightDecay", "threads", "labels" (a list, one
an image), "order" and "rates" (of each step the positions of its images, and the learning rate), "perturbed" (how many
runs start one ulp away), and paths of safetensors files: "weights" and "images" to read, "start", "gradients" and
"exactGradients" to write}. `head.weight` is the matrix of class centers. "start" is where training starts: the weights
that were read, moved away from kinks for the first batch; "gradients" are the first step's, "exactGradients" the same
in float64.

Prints {"version", "nearestKink", "losses": [...], "ts": [...], "perturbedLosses": [[...], ...]}.
"""

import json
import sys

import numpy
import torch
from torch.nn import functional

from heads import MarginHead
from kinks import avoid_kinks
from network import TinyIresnet
from tensor_file import read_tensors, write_tensors

HEAD = "head."


class Training:
    """One run; every float of it has the type `dtype`."""

    def __init__(self, task, start, dtype=torch.float32):
        classes, dim = start[f"{HEAD}weight"].shape
        network = TinyIresnet(dim, dropout=0)
        head = MarginHead(classes, dim, "curricularface", task["scale"], task["margin"], task["alpha"])
        self.network, self.head = network.to(dtype).train(), head.to(dtype).train()
        with torch.no_grad():
            for name, tensor in self.tensors():
                # The slopes of a PRelu are [C, 1, 1] in the file.
                tensor.copy_(torch.from_numpy(start[name]).reshape(tensor.shape))
        self.optimiser = torch.optim.SGD(
            [parameter for _, parameter in self.parameters()],
            lr=task["rates"][0],
            momentum=task["momentum"],
            weight_decay=task["weightDecay"],
        )

    def parameters(self):
        yield from self.network.named_parameters()
        yield from ((HEAD + name, parameter) for name, parameter in self.head.named_parameters())

    def tensors(self):
        """Parameters and running statistics."""
        yield from self.parameters()
        for name, buffer in self.network.named_buffers():
            if not name.endswith("num_batches_tracked"):
                yield name, buffer

    def backward(self, images, labels):
        """Gradients in place; returns the loss of the same logits without float32's rounding of the loss itself."""
        self.optimiser.zero_grad()
        logits = self.head(self.network(images), labels)
        functional.cross_entropy(logits, labels).backward()
        return functional.cross_entropy(logits.detach().double(), labels).item()

    def step(self, rate):
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.step()

    def gradients(self):
        return {name: parameter.grad.numpy().copy() for name, parameter in self.parameters()}


def perturbed(start, seed):
    """Every weight one ulp up or down, at random."""
    random = numpy.random.default_rng(seed)

    def moved(name, value):
        if name.endswith(("running_mean", "running_var")):
            return value
        up = random.random(value.shape) < 0.5
        return numpy.nextafter(value, numpy.where(up, numpy.inf, -numpy.inf).astype(value.dtype))

    return {name: moved(name, value) for name, value in start.items()}


def train(training, images, labels, task, after_first=lambda: None):
    losses, ts = [], []
    for step, (positions, rate) in enumerate(zip(task["order"], task["rates"])):
        losses.append(training.backward(images[positions], labels[positions]))
        ts.append(training.head.diagnostics["t"])
        if step == 0:
            after_first()
        training.step(rate)
    return losses, ts


def main():
    task = json.load(sys.stdin)
    torch.set_num_threads(task["threads"])
    weights = read_tensors(task["weights"])
    images = torch.from_numpy(read_tensors(task["images"])["images"])
    labels, first = torch.tensor(task["labels"]), task["order"][0]

    biases, nearest = avoid_kinks(Training(task, weights, torch.float64).network, images[first].double())
    start = {**weights, **biases}
    write_tensors(task["start"], start)

    exact = Training(task, start, torch.float64)
    exact.backward(images[first].double(), labels[first])
    write_tensors(task["exactGradients"], exact.gradients())

    training = Training(task, start)
    keep_gradients = lambda: write_tensors(task["gradients"], training.gradients())
    losses, ts = train(training, images, labels, task, keep_gradients)
    perturbed_losses = [
        train(Training(task, perturbed(start, seed)), images, labels, task)[0]
        for seed in range(1, task["perturbed"] + 1)
    ]
    print(
        json.dumps(
            {
                "version": torch.__version__,
                "nearestKink": nearest,
                "losses": losses,
                "ts": ts,
                "perturbedLosses": perturbed_losses,
            }
        )
    )


if __name__ == "__main__":
    main()
