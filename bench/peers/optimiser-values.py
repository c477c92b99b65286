"""Writes packages/onnx/fixtures/pytorch-optimisers.json: what PyTorch's optimisers do, in float64.

Two parameters, 'weight' [2, 3] and 'bias' [3], take given gradients for five updates. Run from anywhere, with a
Python that has torch:

    python3 bench/peers/optimiser-values.py
"""

import math

import torch
from fixture import write_fixture

STEPS = 5
SHAPES = {"weight": [2, 3], "bias": [3]}
RATES = [0.1, 0.1, 0.05, 0.05, 0.01]


def numbers(name, step):
    """Without a pattern, the same on every machine."""
    count = math.prod(SHAPES[name])
    offset = 1.0 if name == "weight" else 2.0
    return [math.sin(1.7 * i + 0.9 * step + offset) for i in range(count)]


# Options as this repository names them, and the optimiser that they stand for.
CASES = [
    ("plain", {"name": "sgd"}, lambda p: torch.optim.SGD(p, lr=1)),
    ("momentum", {"name": "sgd", "momentum": 0.9}, lambda p: torch.optim.SGD(p, lr=1, momentum=0.9)),
    (
        "momentum and weight decay",
        {"name": "sgd", "momentum": 0.9, "weightDecay": 0.05},
        lambda p: torch.optim.SGD(p, lr=1, momentum=0.9, weight_decay=0.05),
    ),
    (
        "Nesterov's momentum",
        {"name": "sgd", "momentum": 0.8, "weightDecay": 0.05, "nesterov": True},
        lambda p: torch.optim.SGD(p, lr=1, momentum=0.8, weight_decay=0.05, nesterov=True),
    ),
    (
        "groups",
        {
            "name": "sgd",
            "momentum": 0.9,
            "weightDecay": 0.05,
            "groups": [{"kinds": ["bias"], "weightDecay": 0, "learningRateScale": 2}],
        },
        lambda p: torch.optim.SGD(
            [{"params": p[:1]}, {"params": p[1:], "weight_decay": 0, "scale": 2}],
            lr=1, momentum=0.9, weight_decay=0.05,
        ),
    ),
    (
        "clipping",
        {"name": "sgd", "momentum": 0.9, "clipNorm": 0.5},
        lambda p: torch.optim.SGD(p, lr=1, momentum=0.9),
    ),
    (
        "clipping that is not reached",
        {"name": "sgd", "clipNorm": 100},
        lambda p: torch.optim.SGD(p, lr=1),
    ),
    ("AdamW", {"name": "adamw", "weightDecay": 0.05}, lambda p: torch.optim.AdamW(p, lr=1, weight_decay=0.05)),
    (
        "AdamW with its settings",
        {"name": "adamw", "beta1": 0.8, "beta2": 0.95, "epsilon": 0.001},
        lambda p: torch.optim.AdamW(p, lr=1, betas=(0.8, 0.95), eps=0.001, weight_decay=0),
    ),
]


def run(options, optimiser):
    parameters = {
        name: torch.tensor(numbers(name, 0), dtype=torch.float64).reshape(shape).requires_grad_()
        for name, shape in SHAPES.items()
    }
    torch_optimiser = optimiser(list(parameters.values()))
    steps = []
    for step in range(STEPS):
        for group in torch_optimiser.param_groups:
            group["lr"] = RATES[step] * group.get("scale", 1)
        for name, parameter in parameters.items():
            parameter.grad = torch.tensor(numbers(name, step + 1), dtype=torch.float64).reshape(SHAPES[name])
        limit = options.get("clipNorm", math.inf)
        norm = torch.nn.utils.clip_grad_norm_(parameters.values(), limit)
        torch_optimiser.step()
        weights = {name: parameter.detach().flatten().tolist() for name, parameter in parameters.items()}
        steps.append({"gradientNorm": norm.item(), "weights": weights})
    return steps


names = list(SHAPES)
cases = [{"title": title, "options": options, "steps": run(options, make)} for title, options, make in CASES]
document = {
    "parameters": [{"name": name, "kind": name, "dims": SHAPES[name]} for name in names],
    "learningRates": RATES,
    "initial": {name: numbers(name, 0) for name in names},
    "gradients": [{name: numbers(name, step + 1) for name in names} for step in range(STEPS)],
    "cases": cases,
}
write_fixture("pytorch-optimisers.json", __file__, document)
