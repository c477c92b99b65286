"""Moves first weights a little, so that no activation lies where rounding decides its side of a PReLU's kink.

At x = 0 the slope of a PReLU jumps. Of the millions of activations of a batch a few lie within float32's rounding of
0, and each that falls on the other side moves gradients by a thousandth or more, however well both sides compute. A
channel's activations lie in rows, so a shift of the normalisation before the PReLU puts a gap between two of them
over 0.
"""

import torch

# How far a channel may be shifted, in standard deviations of the channel.
REACH = 0.02


def activations(network, images):
    """What goes into each PReLU, by the name of the PReLU: [C, N]."""
    seen = {}

    def keep(name):
        def hook(_, inputs):
            seen[name] = inputs[0].detach().transpose(0, 1).flatten(1)

        return hook

    handles = [
        module.register_forward_pre_hook(keep(name))
        for name, module in network.named_modules()
        if isinstance(module, torch.nn.PReLU)
    ]
    with torch.no_grad():
        network(images)
    for handle in handles:
        handle.remove()
    return seen


def widest_gaps(values):
    """Middle of the widest gap near 0 between the values of each row: [C]."""
    ordered = values.sort(dim=1).values
    middles = (ordered[:, 1:] + ordered[:, :-1]) / 2
    gaps = (ordered[:, 1:] - ordered[:, :-1]).masked_fill(middles.abs() > REACH, 0)
    chosen = middles.gather(1, gaps.argmax(dim=1, keepdim=True)).squeeze(1)
    # A row without values near 0 stays.
    return torch.where(gaps.amax(dim=1) > 0, chosen, torch.zeros_like(chosen))


def norm_before(prelu):
    return "bn1" if prelu == "prelu" else prelu.replace("prelu", "bn2")


def avoid_kinks(network, images):
    """Shifts the normalisations before the PReLUs of a float64 network.

    Returns their new biases by name, in float32, and the least |activation| that is left.
    """
    modules = dict(network.named_modules())
    biases = {}
    # In the order of the forward pass: a shift changes everything after it.
    for name in activations(network, images):
        shift = -widest_gaps(activations(network, images)[name])
        bias = modules[norm_before(name)].bias
        with torch.no_grad():
            bias.copy_((bias + shift).float())
        biases[f"{norm_before(name)}.bias"] = bias.detach().float().numpy().copy()
    nearest = min(values.abs().min().item() for values in activations(network, images).values())
    return biases, nearest
