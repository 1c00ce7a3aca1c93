#!/usr/bin/python3
"""Writes network_<name>.json beside this file for the networks of vgg_torch.py: loss, logits, gradients and ten steps of Adam by
PyTorch, in double.

Needs PyTorch (Debian: apt install python3-torch). The files are committed; run this only to change them.
"""

import pathlib
import sys

import torch

import formula
from reference import digest, parameter_digests, statistics_digests, write

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
from lamina_networks import BLOCKS, vgg  # noqa: E402

BATCH = 8
STEPS = 10
SAMPLES = 8
LEARNING_RATE = 1e-3


def trace(network, images, labels):
    """What the first step computes, and the losses before each step and after the last."""
    optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
    content = {}
    losses = []
    for step in range(STEPS + 1):
        optimizer.zero_grad()
        logits = network(images)
        loss = torch.nn.functional.cross_entropy(logits, labels)
        loss.backward()
        losses.append(loss.item())
        if step == 0:
            content["loss"] = loss.item()
            content["logits"] = digest(logits, logits.numel())
            content["parameters"] = parameter_digests(network, SAMPLES)
            content["statistics"] = statistics_digests(network, SAMPLES)
        optimizer.step()
    return {**content, "adam_losses": losses}


if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    images = formula.images(formula.IMAGES, BATCH, (32, 32, 3))
    labels = formula.labels(BATCH, 100)
    for name in (name for name, blocks in BLOCKS.items() if blocks <= 5):
        network = vgg(name)
        formula.fill_parameters(network)
        write(f"network_{name}.json", trace(network, images, labels))
