"""What the reference files hold of a tensor, and how they are written. digest.hpp is the other side."""

import json
import pathlib
import re

import numpy

import formula


def digest(tensor, samples):
    """A tensor in a few numbers: its size, largest and mean magnitude, L2 norm, dot products with four vectors, and
    single values: all of them where it has at most `samples`, else as many at places that a formula chooses."""
    values = tensor.detach().contiguous().flatten().numpy()
    size = values.size
    places = numpy.arange(size) if size <= samples else formula.bits(formula.SAMPLES, samples) % size
    return {
        "size": size,
        "largest": float(numpy.abs(values).max()),
        "mean_abs": float(numpy.abs(values).mean()),
        "norm": float(numpy.sqrt((values * values).sum())),
        "projections": [float(values @ formula.uniform(formula.PROJECTIONS + i, size)) for i in range(4)],
        "samples": values[places].tolist(),
    }


def parameter_digests(network, samples):
    """For each parameter in order: name, our shape, and the digest of its gradient."""
    return [
        {"name": name, "shape": list(formula.to_lamina(p).shape), **digest(formula.to_lamina(p.grad), samples)}
        for name, p in network.named_parameters()
    ]


def statistics_digests(network, samples):
    """For each running statistic in order: name and digest. PyTorch's count of batches has no counterpart in ours."""
    return [
        {"name": name, "shape": list(buffer.shape), **digest(buffer, samples)}
        for name, buffer in network.named_buffers()
        if not name.endswith("num_batches_tracked")
    ]


def write(name, content):
    """JSON beside this file, each list of numbers on one line."""
    text = json.dumps(content, indent=1)
    text = re.sub(r"\[[^\[\]{}]*\]", lambda numbers: " ".join(numbers[0].split()), text)
    pathlib.Path(__file__).with_name(name).write_text(text + "\n")
