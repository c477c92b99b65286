"""How a network is exported, and what lies beside its file: embedding, seed and gradients of PyTorch."""

import copy
import dataclasses
import inspect
import json
import pathlib
import warnings
import zlib

import torch
import torch.nn as nn

# PyTorch 1.13 with oneDNN now and then gives float32 gradients of 1-D convolutions that are far off.
torch.backends.mkldnn.enabled = False

# Later versions of PyTorch have two exporters; this is the older one.
EXPORTER = {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}

#: How far float32 may be from exact gradients, of the largest entry of a tensor, where weights are rounded otherwise.
STEADY = 5e-6


@dataclasses.dataclass(frozen=True)
class Export:
    """One export of a network. Where it is folded, normalisations are joined to convolutions too, as by default."""

    opset: int
    folded: bool = True
    #: Samples that the file is for, alone; None where the batch is free.
    batch: int | None = None

    def name(self, network):
        parts = [network, f"opset-{self.opset}", "folded" if self.folded else "as-written"]
        return "-".join(parts if self.batch is None else [*parts, f"batch-{self.batch}"])


class ImageNetwork(nn.Module):
    """A network of images of 32×32."""

    @staticmethod
    def example(batch):
        return torch.rand(batch, 3, 32, 32)


class SpeechNetwork(nn.Module):
    """A network of 40 frames of 24 features."""

    @staticmethod
    def example(batch):
        return torch.randn(batch, 24, 40)


def moved(network):
    """Evaluation mode, away from the values that layers start with: no scale of 1, no mean of 0, no two alike."""
    network.eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
        for name, buffer in network.named_buffers():
            if "running_" in name:
                buffer.add_(torch.rand_like(buffer) * 0.2)
    return network


def backward(network, data, seed, dtype):
    """Embedding, and gradients of Σ embedding · seed by name, computed in a type."""
    network = copy.deepcopy(network).to(dtype)
    embedding = network(data.to(dtype) if data.is_floating_point() else data)
    (embedding * seed.to(dtype)).sum().backward()
    gradients = {name: p.grad for name, p in network.named_parameters() if p.grad is not None}
    return embedding.detach(), gradients


def distance(actual, expected):
    """Largest difference, relative to the largest entry."""
    return ((actual - expected).abs().max() / expected.abs().max()).item()


def unsteadiness(network, data, seed, exact):
    """How far gradients in float32 are from the exact ones, of the largest entry of a tensor, for weights that differ
    by their rounding: far where an activation lies at a kink, and where a gradient is the small rest of large ones."""
    most = max(gradient.abs().max() for gradient in exact.values())
    # What is 0 but for rounding is left to the comparison.
    told = [name for name, gradient in exact.items() if gradient.abs().max() > 1e-6 * most]
    worst = 0.0
    for _ in range(4):
        other = copy.deepcopy(network)
        with torch.no_grad():
            for parameter in other.parameters():
                parameter.mul_(1 + torch.randn_like(parameter) * 2**-23)
        _, gradients = backward(other, data, seed, torch.float32)
        worst = max(worst, *(distance(gradients[name], exact[name]) for name in told))
    return worst


@dataclasses.dataclass(frozen=True)
class Draw:
    """What is exported, and what it gives in float64: the embedding, and gradients of Σ embedding · seed by name."""

    network: nn.Module
    data: torch.Tensor
    seed: torch.Tensor
    embedding: torch.Tensor
    gradients: dict


def draw(network_class, export):
    """The first draw of a network, its data and its seed whose gradients float32 can tell, so that a comparison does
    not hang on how a machine rounds."""
    first = zlib.crc32(export.name(network_class.NAME).encode())
    for attempt in range(20):
        torch.manual_seed(first + attempt)
        network = moved(network_class())
        data = network.example(export.batch or 4)
        with torch.no_grad():
            seed = torch.randn_like(network(data))
        embedding, gradients = backward(network, data, seed, torch.float64)
        if unsteadiness(network, data, seed, gradients) < STEADY:
            return Draw(network, data, seed, embedding, gradients)
    raise RuntimeError(f"no gradients of {network_class.NAME} that float32 can tell")


def write_floats(path, tensors):
    path.write_bytes(torch.cat([tensor.flatten() for tensor in tensors]).float().numpy().astype("<f4").tobytes())


def write_case(folder, network_class, export):
    """Writes a folder: model.onnx, case.json, data, and seed, embedding and gradients in float32 (rounded from
    float64); gradients-float32.f32 is what PyTorch computes in float32."""
    drawn = draw(network_class, export)
    network, data, seed = drawn.network, drawn.data, drawn.seed
    _, rounded = backward(network, data, seed, torch.float32)

    target = pathlib.Path(folder) / export.name(network_class.NAME)
    target.mkdir(parents=True, exist_ok=True)
    free = {"data": {0: "N"}, "embedding": {0: "N"}} if export.batch is None else None
    mode = torch.onnx.TrainingMode
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            data,
            str(target / "model.onnx"),
            opset_version=export.opset,
            do_constant_folding=export.folded,
            training=mode.EVAL if export.folded else mode.PRESERVE,
            input_names=["data"],
            output_names=["embedding"],
            dynamic_axes=free,
            **EXPORTER,
        )
    if data.is_floating_point():
        write_floats(target / "data.f32", [data])
    else:
        (target / "data.i64").write_bytes(data.numpy().astype("<i8").tobytes())
    write_floats(target / "seed.f32", [seed])
    write_floats(target / "embedding.f32", [drawn.embedding])
    write_floats(target / "gradients.f32", drawn.gradients.values())
    write_floats(target / "gradients-float32.f32", rounded.values())
    case = {
        "type": "float32" if data.is_floating_point() else "int64",
        "data": list(data.shape),
        "seed": list(seed.shape),
        "embedding": list(drawn.embedding.shape),
        "opset": export.opset,
        "folded": export.folded,
        "gradients": [[key, list(gradient.shape)] for key, gradient in drawn.gradients.items()],
    }
    (target / "case.json").write_text(json.dumps(case))
