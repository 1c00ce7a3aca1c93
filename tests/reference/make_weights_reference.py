#!/usr/bin/python3
"""Writes weights.json beside this file: the tensors of state_dicts, and what PyTorch computes with them, in double.

Needs PyTorch (Debian: apt install python3-torch). The file is committed; run this only to change it. Each case has its
counterpart of the same name in tests/io/pytorch_weights.cpp.
"""

import numpy
import torch
from torch import nn

import formula
from make_layer_reference import Concat
from reference import digest, write

SAMPLES = 40


def value_of(name, shape, sequence):
    """Values of a tensor, rounded to float: of weights uniform in +-1/sqrt(fan_in), of vectors about 1 or 0."""
    values = formula.uniform(sequence, int(numpy.prod(shape)))
    if len(shape) > 1:
        values = values / numpy.sqrt(numpy.prod(shape[1:]))
    else:
        values = values / 4 + (1 if name.endswith(("weight", "running_var")) else 0)
    return torch.from_numpy(values.astype(numpy.float32).astype(numpy.float64).reshape(shape))


def case(batch, shape, *layers):
    """Inference of a batch with a state_dict by formula: tensor i in PyTorch's own order of values is of sequence i."""
    network = nn.Sequential(*layers).eval()
    names = [name for name in network.state_dict() if not name.endswith("num_batches_tracked")]
    state = network.state_dict()
    tensors = []
    for sequence, name in enumerate(names):
        tensors.append({"name": name, "shape": list(state[name].shape)})
        state[name].copy_(value_of(name, state[name].shape, sequence))
    logits = network(formula.images(formula.IMAGES, batch, shape))
    return {"batch": batch, "tensors": tensors, "logits": digest(logits, SAMPLES)}


def weights():
    return {
        "LeNet": case(
            3, (16, 20, 3), nn.Conv2d(3, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(),
            nn.MaxPool2d(2), nn.Flatten(), nn.Linear(96, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(),
            nn.Linear(84, 10)),
        "batch norm behind Flatten": case(
            4, (3, 2, 5), nn.Flatten(), nn.BatchNorm1d(30), nn.LeakyReLU(), nn.Flatten(), nn.Linear(30, 7)),
        "flattened branches": case(
            3, (3, 4, 2), nn.Conv2d(2, 5, 3, padding=1),
            Concat(nn.Flatten(), nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
                   nn.Sequential(nn.Conv2d(5, 3, 1), nn.Flatten())),
            nn.BatchNorm1d(101), nn.Linear(101, 6)),
        "convolution behind Flatten": case(
            2, (2, 3, 4), nn.Flatten(), nn.Unflatten(1, (24, 1, 1)), nn.Conv2d(24, 5, 1), nn.Flatten(),
            nn.Linear(5, 3)),
    }


if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    with torch.no_grad():
        write("weights.json", weights())
