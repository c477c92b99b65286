"""Writes packages/onnx/fixtures/pytorch-prepared.json: networks as PyTorch exports them (a batch of one, merged weights,
normalisations in pieces, training mode), with embeddings and gradients of its own in float64 for a batch of four.

Every number that goes in is a multiple of 1/64, so float32 holds it exactly. With a Python that has torch 1.13:

    python3 bench/peers/prepared-values.py
"""

import base64
import copy
import io
import warnings

import torch
import torch.nn as nn
import torch.nn.functional as F
from fixture import values, write_fixture

BATCH = 4
warnings.filterwarnings("ignore")
torch.manual_seed(3)


def grid(*dims, **bounds):
    return values(*dims, **bounds).float()


def numbers(tensor):
    return {"dims": list(tensor.shape), "data": [float(f"{x:.9g}") for x in tensor.detach().flatten().tolist()]}


class Merged(nn.Module):
    """Normalisations and slopes that are equal at first, which the exporter merges into one."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.a, self.b = nn.BatchNorm2d(4), nn.BatchNorm2d(4)
        self.p, self.q = nn.PReLU(4), nn.PReLU(4)
        self.mid = nn.Conv2d(4, 4, 3)
        self.fc = nn.Linear(4, 3)
        self.n = nn.LayerNorm(3)

    def forward(self, x):
        x = self.p(self.a(self.conv(x)))
        x = self.q(self.b(self.mid(x)))
        return self.n(self.fc(x.mean((2, 3))))


class Pieces(nn.Module):
    """Group and layer normalisation written in pieces."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, 2)
        self.group = nn.GroupNorm(2, 4)
        self.fc = nn.Linear(36, 6)
        self.layer = nn.LayerNorm(6)

    def forward(self, x):
        return self.layer(self.fc(F.relu(self.group(self.conv(x))).flatten(1)))


class Attention(nn.Module):
    """A transformer of one layer with a class token, positions and samples inside of the heads."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, 4)
        self.token = nn.Parameter(torch.zeros(1, 1, 8))
        self.position = nn.Parameter(torch.zeros(1, 5, 8))
        self.attention = nn.MultiheadAttention(8, 2, bias=False)
        self.fc = nn.Linear(8, 3)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.position
        x = x.transpose(0, 1)
        y, _ = self.attention(x, x, x, need_weights=False)
        return self.fc((x + y)[0])


class WeightNorm(nn.Module):
    """Weights that the graph computes: norm and direction; and standardised."""

    def __init__(self):
        super().__init__()
        self.direction = nn.Parameter(torch.zeros(4, 3, 3, 3))
        self.norm = nn.Parameter(torch.zeros(4, 1, 1, 1))
        self.mid = nn.Conv2d(4, 4, 3)
        self.fc = nn.Linear(4, 3)

    def forward(self, x):
        length = self.direction.flatten(1).norm(dim=1).view(4, 1, 1, 1)
        x = F.elu(F.conv2d(x, self.direction * (self.norm / length)))
        w = self.mid.weight
        w = (w - w.mean((1, 2, 3), keepdim=True)) / (w.std((1, 2, 3), keepdim=True) + 1e-3)
        x = F.conv2d(x, w, self.mid.bias).mean((2, 3))
        return self.fc(x)


class Recurrent(nn.Module):
    """Speech-like: an LSTM with initial states of zeros, over positions that are embedded first."""

    def __init__(self):
        super().__init__()
        self.position = nn.Parameter(torch.zeros(1, 3, 8, 8))
        self.lstm = nn.LSTM(24, 4, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(8, 3)

    def forward(self, x):
        n = x.shape[0]
        x = (x + self.position).permute(0, 2, 1, 3).reshape(n, 8, 24)
        zeros = torch.zeros(2, n, 4, dtype=x.dtype)
        y, _ = self.lstm(x, (zeros, zeros))
        return self.fc(y.mean(1))


def case(name, net, opset, training=False, equal=(), fold=True):
    """`equal`: what keeps its first values, so that the exporter finds them equal."""
    net.eval()
    with torch.no_grad():
        for key, parameter in net.named_parameters():
            if not key.startswith(tuple(equal)):
                parameter.copy_(grid(*parameter.shape, low=-32, high=32))
                if key == "norm":
                    parameter.add_(1.5)
        for key, buffer in net.named_buffers():
            if "running" in key:
                buffer.copy_(grid(*buffer.shape, low=32, high=96))
    exported = copy.deepcopy(net).train(training)
    file = io.BytesIO()
    torch.onnx.export(
        exported,
        grid(1, 3, 8, 8, low=0),
        file,
        opset_version=opset,
        do_constant_folding=fold,
        input_names=["data"],
        output_names=["embedding"],
        # Evaluation as such would join normalisations to the convolutions before them.
        training=torch.onnx.TrainingMode.TRAINING if training else torch.onnx.TrainingMode.PRESERVE,
    )
    # The exporter's own run has moved the running statistics of training mode.
    net.load_state_dict(exported.state_dict())
    data = grid(BATCH, 3, 8, 8, low=0)
    big = copy.deepcopy(net).double()
    inference = big(data.double())
    big.train()
    embedding = big(data.double())
    seed = grid(*embedding.shape)
    (embedding * seed.double()).sum().backward()
    return {
        "name": name,
        "model": base64.b64encode(file.getvalue()).decode(),
        "data": numbers(data),
        "seed": numbers(seed),
        "inference": numbers(inference),
        "training": numbers(embedding),
        "parameters": {
            key: {"value": numbers(value), "gradient": numbers(trained.grad)}
            for (key, value), (_, trained) in zip(net.named_parameters(), big.named_parameters())
        },
    }


CASES = [
    case("merged weights", Merged(), 13, equal=("a.", "b.", "p.", "q.", "n.")),
    case("training mode", Merged(), 14, training=True, equal=("a.", "b.", "p.", "q."), fold=False),
    case("normalisations in pieces", Pieces(), 13),
    case("normalisations in pieces, unfolded", Pieces(), 16, fold=False),
    case("attention", Attention(), 13),
    case("attention, unfolded", Attention(), 14, fold=False),
    case("computed weights", WeightNorm(), 13),
    case("computed weights, unfolded", WeightNorm(), 16, fold=False),
    case("recurrent", Recurrent(), 13),
    case("recurrent, unfolded", Recurrent(), 11, fold=False),
]

write_fixture("pytorch-prepared.json", __file__, {"cases": CASES})
