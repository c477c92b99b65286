"""One part of what PyTorch is measured on, on a card: the task is the argument, as JSON, and what was measured is the
last line that it prints, as JSON.

Parts: device, product, head, backbone. "compile" runs them through torch.compile, "tf32" lets products have ten bits, and
"host" takes X and W from the processor's memory and gives the gradients back to it, as the head beside it does.
"""

import importlib.util
import json
import os
import statistics
import sys
import time

import torch
from torch.nn import functional

WARM_UP = 3


def beside(name):
    """A module of this folder, or of bench/peers."""
    here = os.path.dirname(os.path.abspath(__file__))
    places = [os.path.join(here, name), os.path.join(here, "..", "peers", name)]
    path = next(place for place in places if os.path.exists(place))
    spec = importlib.util.spec_from_file_location(name.replace("-", "_")[:-3], path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def timed(task, step):
    """Median seconds; the card is waited for."""
    wait = torch.cuda.synchronize if task["device"] == "cuda" else lambda: None
    seconds = []
    for _ in range(WARM_UP + task["steps"]):
        start = time.perf_counter()
        step()
        wait()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[WARM_UP:])


def compiled(task, function):
    return torch.compile(function) if task.get("compile") else function


def product(task):
    side = task["side"]
    a = torch.full((side, side), 1.0 / side, device=task["device"])

    def chain():
        y = a
        for _ in range(task["chain"]):
            y = y @ a
        return y

    seconds = timed(task, chain)
    return {"seconds": seconds, "tflops": 2 * task["chain"] * side**3 / seconds / 1e12}


def head(task):
    heads = beside("pytorch-head.py")
    torch.manual_seed(0)
    weights = torch.rand(task["classes"], task["dim"]) * 0.02 - 0.01
    embeddings = torch.rand(task["batch"], task["dim"]) * 0.02 - 0.01
    labels = torch.randint(task["classes"], (task["batch"],)).to(task["device"])
    module = heads.CurricularHead(weights, "where").to(task["device"])
    run = compiled(task, lambda x, y: functional.cross_entropy(module(x, y), y))
    on_card = embeddings.to(task["device"]).requires_grad_(True)

    def step():
        if task.get("host"):
            with torch.no_grad():
                module.kernel.copy_(weights.t())
                on_card.copy_(embeddings)
        on_card.grad = None
        module.kernel.grad = None
        run(on_card, labels).backward()
        if task.get("host"):
            on_card.grad.cpu()
            module.kernel.grad.cpu()

    return {"seconds": timed(task, step)}


def backbone(task):
    side, build = beside("backbone.py").MODELS["tiny-iresnet"]
    torch.manual_seed(0)
    net = build().train().to(task["device"])
    run = compiled(task, net)
    x = torch.rand(task["batch"], 3, side, side, device=task["device"]) * 2 - 1
    seed = torch.randn(task["batch"], 256, device=task["device"])

    def step():
        net.zero_grad(set_to_none=True)
        run(x).backward(seed)

    return {"imagesPerSecond": task["batch"] / timed(task, step)}


def device(task):
    there = torch.cuda.is_available()
    return {
        "version": torch.__version__,
        "card": torch.cuda.get_device_name(0) if there else None,
        "compiles": hasattr(torch, "compile"),
    }


def main():
    task = json.loads(sys.argv[1])
    tf32 = bool(task.get("tf32"))
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32
    parts = {"device": device, "product": product, "head": head, "backbone": backbone}
    try:
        measured = parts[task["part"]](task)
    except Exception as error:  # Told beside what the other parts give.
        measured = {"failed": f"{type(error).__name__}: {error}".splitlines()[0]}
    print("\n" + json.dumps(measured), flush=True)


if __name__ == "__main__":
    main()
