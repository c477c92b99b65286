"""Writes packages/onnx/fixtures/pytorch-training.json: a small network trained by PyTorch, in float64.

Two convolutions with batch normalisation and PReLU and a linear layer learn to give eight random images random
embeddings; the loss is half the squared distance, averaged over the batch. Run from anywhere, with a Python that has
torch:

    python3 bench/peers/training-values.py
"""

import json
import pathlib

import torch
from torch import nn

TARGET = pathlib.Path(__file__).resolve().parents[2] / "packages/onnx/fixtures/pytorch-training.json"
STEPS = 12
OPTIMISER = {"name": "sgd", "momentum": 0.9, "weightDecay": 0.01}
LEARNING_RATE = 0.02
torch.manual_seed(1)


def values(*dims, low=-64, high=64):
    """Multiples of 1/64, which float32 holds exactly."""
    return torch.randint(low, high + 1, dims).double() / 64


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.prelu1 = nn.PReLU(4)
        self.conv2 = nn.Conv2d(4, 6, 3, stride=2, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(6)
        self.prelu2 = nn.PReLU(6)
        self.fc = nn.Linear(54, 5)

    def forward(self, x):
        x = self.prelu1(self.bn1(self.conv1(x)))
        x = self.prelu2(self.bn2(self.conv2(x)))
        return self.fc(x.flatten(1))


network = Network().double()
with torch.no_grad():
    for name, parameter in network.named_parameters():
        if name.endswith("bias") or "conv" in name or "fc" in name:
            parameter.copy_(values(*parameter.shape, low=-16, high=16))


def listed(tensors):
    return {
        name: {"dims": list(tensor.shape), "data": tensor.detach().flatten().tolist()}
        for name, tensor in tensors
        if not name.endswith("num_batches_tracked")
    }


images, targets = values(8, 3, 6, 6), values(8, 5)
document = {
    "origin": {
        "library": "torch",
        "version": torch.__version__,
        "precision": "float64",
        "script": "bench/peers/training-values.py",
    },
    "optimiser": OPTIMISER,
    "learningRate": LEARNING_RATE,
    "initial": listed(network.state_dict().items()),
    "images": listed([("images", images)])["images"],
    "targets": listed([("targets", targets)])["targets"],
}
optimiser = torch.optim.SGD(
    network.parameters(),
    lr=LEARNING_RATE,
    momentum=OPTIMISER["momentum"],
    weight_decay=OPTIMISER["weightDecay"],
)
losses = []
for step in range(STEPS):
    optimiser.zero_grad()
    loss = ((network(images) - targets) ** 2).sum() / 2 / len(images)
    loss.backward()
    if step == 0:
        document["firstGradients"] = listed((name, p.grad) for name, p in network.named_parameters())
    optimiser.step()
    losses.append(loss.item())
document["losses"] = losses
document["final"] = listed(network.state_dict().items())
lines = [f"{json.dumps(key)}:{json.dumps(value, separators=(',', ':'))}" for key, value in document.items()]
TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n")
