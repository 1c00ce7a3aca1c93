#!/usr/bin/python3
"""Measures with PyTorch the weights in a file of a run on the test images of CIFAR-100, as train_cifar100 --eval does
with Lamina:

    scripts/evaluate_weights.py weights/vgg38-bn-rc-lr-1e-2.safetensors

The file says which network it is of and how the images were normalised. The images are test.bin in the folder of --data,
else of $LAMINA_CIFAR100, else data/cifar-100-binary. Exit status: 0 done, 1 a file that does not fit, 2 wrong usage. Needs
NumPy and PyTorch (Debian: apt install python3-torch, run with /usr/bin/python3).
"""

import argparse
import json
import os
import pathlib
import sys

import numpy
import torch

import convert_weights
import weight_files
from weight_files import WeightsError

RECORD = 2 + 3 * 32 * 32  # coarse label, fine label, red, green, blue
BATCH = 100


def read_images(path):
    """The pixels (image, channel, row, column) as bytes, and the fine labels."""
    try:
        content = numpy.fromfile(path, numpy.uint8)
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read: {error.strerror}") from error
    if content.size == 0 or content.size % RECORD != 0:
        raise WeightsError(f"{path}: expected records of {RECORD} bytes, found {content.size} bytes")
    records = content.reshape(-1, RECORD)
    return records[:, 2:].reshape(-1, 3, 32, 32), records[:, 1].astype(numpy.int64)


def configuration_of(path, metadata):
    try:
        configuration = json.loads(metadata["configuration"])
        return configuration["model"], configuration["mean"], configuration["deviation"]
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{path}: does not say which network it is of and how its images were normalised") from error


def normalized(pixels, mean, deviation):
    def channels(values):
        return numpy.array(values, numpy.float32).reshape(3, 1, 1)
    return torch.from_numpy((pixels.astype(numpy.float32) / 255 - channels(mean)) / channels(deviation))


@torch.no_grad()
def measure(network, pixels, labels, mean, deviation):
    """The mean loss, and the number of images whose class is the likeliest, and among the five likeliest."""
    loss, top1, top5 = 0.0, 0, 0
    for begin in range(0, len(labels), BATCH):
        logits = network(normalized(pixels[begin:begin + BATCH], mean, deviation)).double()
        expected = torch.from_numpy(labels[begin:begin + BATCH])
        loss += torch.nn.functional.cross_entropy(logits, expected, reduction="sum").item()
        hits = logits.topk(5).indices == expected[:, None]
        top1 += hits[:, 0].sum().item()
        top5 += hits.sum().item()
    return loss / len(labels), top1, top5


def default_folder():
    return pathlib.Path(os.environ.get("LAMINA_CIFAR100", "data/cifar-100-binary"))


def evaluate(weights, folder):
    """What train_cifar100 --eval prints."""
    arrays, metadata = weight_files.read(weights)
    model, mean, deviation = configuration_of(weights, metadata)
    convert_weights.check_network(weights, arrays, model)
    pixels, labels = read_images(folder / "test.bin")
    loss, top1, top5 = measure(convert_weights.network_of(arrays, model), pixels, labels, mean, deviation)
    count = len(labels)
    return (f"loss {loss:.4f}, top-1 accuracy {100 * top1 / count:.2f} %, top-5 accuracy {100 * top5 / count:.2f} % on "
            f"{count:,} test images of {folder}")


def main():
    parser = argparse.ArgumentParser(description="Measures weights with PyTorch on the test images of CIFAR-100.")
    parser.add_argument("weights", type=pathlib.Path)
    parser.add_argument("--data", type=pathlib.Path, default=default_folder(), help="folder with test.bin")
    arguments = parser.parse_args()
    try:
        print(evaluate(arguments.weights, arguments.data))
    except WeightsError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
