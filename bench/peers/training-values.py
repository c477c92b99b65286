"""Writes packages/onnx/fixtures/pytorch-training.json: a small network trained by PyTorch, in float64.

Two convolutions with batch normalisation and PReLU and a linear layer learn to give eight random images random
embeddings; the loss is half the squared distance, averaged over the batch. Run from anywhere, with a Python that has
torch:

    python3 bench/peers/training-values.py
"""

import torch
from fixture import listed, values, write_fixture
from torch import nn

STEPS = 12
OPTIMISER = {"name": "sgd", "momentum": 0.9, "weightDecay": 0.01}
LEARNING_RATE = 0.02
torch.manual_seed(1)


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


def by_name(tensors):
    return {name: listed(tensor) for name, tensor in tensors if not name.endswith("num_batches_tracked")}


images, targets = values(8, 3, 6, 6), values(8, 5)
document = {
    "optimiser": OPTIMISER,
    "learningRate": LEARNING_RATE,
    "initial": by_name(network.state_dict().items()),
    "images": listed(images),
    "targets": listed(targets),
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
        document["firstGradients"] = by_name((name, p.grad) for name, p in network.named_parameters())
    optimiser.step()
    losses.append(loss.item())
document["losses"] = losses
document["final"] = by_name(network.state_dict().items())
write_fixture("pytorch-training.json", __file__, document)
