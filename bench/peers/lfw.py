"""Trains tiny-iresnet from scratch on real faces in PyTorch, and scores it on people it has not seen.

    python3 bench/peers/lfw.py --data ../shared/data --loss curricularface --seed 1

Trained on: the identities of LFW's folds 1 to 9 that have two pictures or more, at 56x56, mirrored at random and moved
by up to 3 pixels. Scored: the 600 pairs of fold 10 by the cosine of the features of a picture plus those of its mirror
image. `--data` holds `lfw-112/NAME/NAME_0001.jpg` and `lfw-protocol/{people,pairs}.txt`.

Prints a line of JSON an epoch and a last one with the result. Its accuracies differ in the threshold:
  accuracy       the best on the pairs of folds 1 to 9, whose identities were trained on: such pairs score higher than
                 those of strangers
  bestAccuracy   the best on the pairs of fold 10 themselves, so it flatters by a little

Give glibc the environment that keeps large buffers, MALLOC_MMAP_THRESHOLD_=4000000000
MALLOC_TRIM_THRESHOLD_=8000000000, and leave OPENBLAS_CORETYPE unset.
"""

import argparse
import json
import math
import pathlib
import time

import numpy
import torch
from PIL import Image
from torch.nn import functional

from parity.heads import LOSSES, MarginHead
from parity.network import SIDE, TinyIresnet

MOMENTUM = 0.9
WEIGHT_DECAY = 5e-4
WARM_UP = 60
SHIFT = 3
TEST_FOLD = 10


def read_people(path):
    """Names by fold, from 1, with how many pictures each has."""
    lines = path.read_text(encoding="utf-8").split("\n")
    folds, at = {}, 1
    for fold in range(1, int(lines[0]) + 1):
        count = int(lines[at])
        rows = [line.split("\t") for line in lines[at + 1 : at + 1 + count]]
        folds[fold] = [(name, int(pictures)) for name, pictures in rows]
        at += 1 + count
    return folds


def read_pairs(path):
    """(fold, same, picture, picture), a picture being (name, number)."""
    lines = path.read_text(encoding="utf-8").split("\n")
    folds, each = map(int, lines[0].split("\t"))
    pairs = []
    for i, line in enumerate(lines[1 : 1 + folds * 2 * each]):
        columns = line.split("\t")
        same = len(columns) == 3
        name, other = columns[0], columns[0 if same else 2]
        pairs.append((1 + i // (2 * each), same, (name, int(columns[1])), (other, int(columns[-1]))))
    return pairs


def load_pictures(root, pictures):
    """[N, 3, 56, 56], bytes."""
    images = numpy.empty((len(pictures), 3, SIDE, SIDE), numpy.uint8)
    for i, (name, number) in enumerate(pictures):
        with Image.open(root / name / f"{name}_{number:04}.jpg") as image:
            small = image.convert("RGB").resize((SIDE, SIDE), Image.LANCZOS)
        images[i] = numpy.asarray(small).transpose(2, 0, 1)
    return torch.from_numpy(images)


def augmented(images):
    """Half of the pictures mirrored, each moved by -3 to 3 pixels along both axes; edges are repeated."""
    count = len(images)
    wide = functional.pad(images.float(), (SHIFT,) * 4, mode="replicate")
    x, y = torch.randint(0, 2 * SHIFT + 1, (2, count)).tolist()
    moved = torch.stack([wide[i, :, y[i] : y[i] + SIDE, x[i] : x[i] + SIDE] for i in range(count)])
    return torch.where(torch.rand(count, 1, 1, 1) < 0.5, moved.flip(3), moved)


def learning_rate(step, total, base):
    """Up along a line, then down along half a cosine."""
    if step < WARM_UP:
        return base * (step + 1) / WARM_UP
    progress = (step - WARM_UP) / max(1, total - WARM_UP)
    return base * (1 + math.cos(math.pi * progress)) / 2


def embed(network, images, batch):
    """Unit features [N, d], float64: those of a picture plus those of its mirror image."""
    network.eval()
    rows = []
    with torch.no_grad():
        for part in images.split(batch):
            pixels = part.float()
            rows.append(network(pixels) + network(pixels.flip(3)))
    return functional.normalize(torch.cat(rows).double(), dim=1).numpy()


def best_threshold(scores, same):
    """Of the most accurate thresholds between two scores, the middle of the widest gap."""
    order = numpy.argsort(-scores, kind="stable")
    scores, same = scores[order], same[order]
    # Position i accepts the first i pairs; a threshold can't part equal scores.
    correct = numpy.concatenate([[0], numpy.cumsum(numpy.where(same, 1, -1))])
    gaps = numpy.concatenate([[0], scores[:-1] - scores[1:], [0]])
    allowed = gaps > 0
    allowed[[0, -1]] = True
    correct = numpy.where(allowed, correct, -len(scores))
    candidates = numpy.flatnonzero(correct == correct.max())
    cut = candidates[numpy.argmax(gaps[candidates])]
    if cut == 0:
        return numpy.inf
    return -numpy.inf if cut == len(scores) else (scores[cut - 1] + scores[cut]) / 2


def accuracy(scores, same, threshold):
    return float(numpy.mean((scores >= threshold) == same))


def area_under_roc(scores, same):
    """Probability that a pair of one person scores above a pair of two; ties count half."""
    genuine, impostor = scores[same][:, None], scores[~same][None, :]
    return float(numpy.mean((genuine > impostor) + 0.5 * (genuine == impostor)))


def evaluate(network, root, pairs, batch):
    pictures = sorted({picture for _, _, *both in pairs for picture in both})
    row = {picture: i for i, picture in enumerate(pictures)}
    features = embed(network, load_pictures(root, pictures), batch)
    scores = numpy.array([features[row[a]] @ features[row[b]] for _, _, a, b in pairs])
    same = numpy.array([pair[1] for pair in pairs])
    held_out = numpy.array([pair[0] == TEST_FOLD for pair in pairs])
    ours, theirs = (scores[held_out], same[held_out]), (scores[~held_out], same[~held_out])
    return {
        "pairs": int(held_out.sum()),
        "accuracy": accuracy(*ours, best_threshold(*theirs)),
        "bestAccuracy": accuracy(*ours, best_threshold(*ours)),
        "auc": area_under_roc(*ours),
    }


def train_epoch(network, head, optimiser, images, labels, options, progress):
    """One pass over the shuffled pictures, without what is left over; returns the means over its steps."""
    network.train()
    batches = torch.randperm(len(images)).split(options.batch)
    batches = batches[: min(len(images) // options.batch, progress["total"] - progress["step"])]
    sums, losses = {}, []
    for positions in batches:
        rate = learning_rate(progress["step"], progress["total"], options.learningRate)
        for group in optimiser.param_groups:
            group["lr"] = rate
        wanted = labels[positions]
        loss = functional.cross_entropy(head(network(augmented(images[positions])), wanted), wanted)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        progress["step"] += 1
        losses.append(loss.item())
        for name, value in head.diagnostics.items():
            sums[name] = sums.get(name, 0) + value
        if not math.isfinite(losses[-1]):
            raise SystemExit(f"step {progress['step']}: loss {losses[-1]} at learning rate {rate}")
    means = {name: value / len(losses) for name, value in sums.items()}
    if "t" in means:
        means["t"] = head.t.item()
    return {"steps": len(losses), "loss": sum(losses) / len(losses), **means, "learningRate": rate}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--loss", choices=LOSSES, default="curricularface")
    parser.add_argument("--alpha", type=float, default=0.01, help="weight of a batch in CurricularFace's t")
    parser.add_argument("--scale", type=float, default=32.0)
    parser.add_argument("--margin", type=float, default=0.5)
    parser.add_argument("--learning-rate", dest="learningRate", type=float, default=0.1)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--max-steps", dest="maxSteps", type=int, help="stop early, to try the script")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)

    root, protocol = options.data / "lfw-112", options.data / "lfw-protocol"
    folds = read_people(protocol / "people.txt")
    people = sorted(
        (name, count) for fold, rows in folds.items() if fold != TEST_FOLD for name, count in rows if count >= 2
    )
    pictures = [(label, (name, i)) for label, (name, count) in enumerate(people) for i in range(1, count + 1)]
    images = load_pictures(root, [picture for _, picture in pictures])
    labels = torch.tensor([label for label, _ in pictures])

    network = TinyIresnet()
    head = MarginHead(len(people), 256, options.loss, options.scale, options.margin, options.alpha)
    parameters = [*network.parameters(), *head.parameters()]
    optimiser = torch.optim.SGD(parameters, options.learningRate, MOMENTUM, weight_decay=WEIGHT_DECAY)
    total = options.epochs * (len(images) // options.batch)
    if options.maxSteps is not None:
        total = min(total, options.maxSteps)
    progress = {"step": 0, "total": total}
    epoch, seconds = 0, 0.0
    while progress["step"] < total:
        epoch += 1
        start, cpu = time.perf_counter(), time.process_time()
        metrics = train_epoch(network, head, optimiser, images, labels, options, progress)
        elapsed = time.perf_counter() - start
        seconds += elapsed
        speed = {
            "seconds": elapsed,
            "cpuSeconds": time.process_time() - cpu,
            "imagesPerSecond": metrics["steps"] * options.batch / elapsed,
        }
        print(json.dumps({"epoch": epoch, **metrics, **speed}), flush=True)
    settings = {name: str(value) if name == "data" else value for name, value in vars(options).items()}
    result = {
        "library": "torch",
        "version": torch.__version__,
        **settings,
        "identities": len(people),
        "images": len(images),
        "trainingSeconds": seconds,
        "t": head.t.item() if options.loss == "curricularface" else None,
        **evaluate(network, root, read_pairs(protocol / "pairs.txt"), options.batch),
    }
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
