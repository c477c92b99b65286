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


# Later versions of PyTorch have two exporters; this is the older one.
EXPORTER = {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}


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


def write_floats(path, tensors):
    path.write_bytes(torch.cat([tensor.flatten() for tensor in tensors]).float().numpy().astype("<f4").tobytes())


def write_case(folder, network_class, export):
    """Writes a folder: model.onnx, case.json, data, and seed, embedding and gradients in float32 (rounded from
    float64); gradients-float32.f32 is what PyTorch computes in float32."""
    name = export.name(network_class.NAME)
    torch.manual_seed(zlib.crc32(name.encode()))
    network = moved(network_class())
    data = network.example(export.batch or 4)
    with torch.no_grad():
        seed = torch.randn_like(network(data))
    embedding, exact = backward(network, data, seed, torch.float64)
    _, rounded = backward(network, data, seed, torch.float32)

    target = pathlib.Path(folder) / name
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
    write_floats(target / "embedding.f32", [embedding])
    write_floats(target / "gradients.f32", exact.values())
    write_floats(target / "gradients-float32.f32", rounded.values())
    case = {
        "type": "float32" if data.is_floating_point() else "int64",
        "data": list(data.shape),
        "seed": list(seed.shape),
        "embedding": list(embedding.shape),
        "opset": export.opset,
        "folded": export.folded,
        "gradients": [[key, list(gradient.shape)] for key, gradient in exact.items()],
    }
    (target / "case.json").write_text(json.dumps(case))
