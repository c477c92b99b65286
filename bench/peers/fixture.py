"""Values of PyTorch as fixtures of packages/onnx: JSON with a line for each key and for each case."""

import json
import pathlib

import torch

ROOT = pathlib.Path(__file__).resolve().parents[2]


def values(*dims, low=-64, high=64):
    """Multiples of 1/64 from low/64 to high/64, which float32 holds exactly."""
    return torch.randint(low, high + 1, dims).double() / 64


def listed(tensor):
    return {"dims": list(tensor.shape), "data": tensor.detach().flatten().tolist()}


def compact(value):
    return json.dumps(value, separators=(",", ":"))


def write_fixture(name, script, document):
    """Writes packages/onnx/fixtures/`name`, aside first, with what wrote it: `script` is its `__file__`."""
    origin = {
        "library": "torch",
        "version": torch.__version__,
        "precision": "float64",
        "script": str(pathlib.Path(script).resolve().relative_to(ROOT)),
    }
    lines = []
    for key, value in {"origin": origin, **document}.items():
        text = "[\n" + ",\n".join(map(compact, value)) + "\n]" if key == "cases" else compact(value)
        lines.append(f"{compact(key)}:{text}")
    target = ROOT / "packages/onnx/fixtures" / name
    aside = target.with_suffix(".tmp")
    aside.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    aside.replace(target)
    print(f"{target}: {target.stat().st_size} bytes")
