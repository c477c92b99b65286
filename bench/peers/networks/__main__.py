"""Exports small networks of many kinds, each with PyTorch's gradients in float64 beside it, a folder each.

With a Python that has torch 1.13, into a folder, or only what they will be called:

    python3 bench/peers/networks FOLDER
    python3 bench/peers/networks --names
"""

import sys

import images
import resampling
import speech
import text
import torch
from exports import write_case

NETWORKS = [*images.NETWORKS, *resampling.NETWORKS, *speech.NETWORKS, *text.NETWORKS]


def main(target):
    torch.set_num_threads(1)
    for network in NETWORKS:
        for export in network.EXPORTS:
            if target == "--names":
                print(export.name(network.NAME))
            else:
                write_case(target, network, export)


if len(sys.argv) != 2:
    sys.exit(__doc__)
main(sys.argv[1])
