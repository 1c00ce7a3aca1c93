#!/usr/bin/python3
"""Trains a network of train_cifar100 in PyTorch by the same recipe, to hold the two side by side:

    scripts/train_in_pytorch.py --model resnet20 --epochs 3
    train_cifar100 --model resnet20 --epochs 3

The recipe is the study's: 475 images of each class train and 25 validate; zeros around the image, a random crop, a
flip; Adam; cosine annealing an epoch. What is drawn (the split, the weights, the batches) is PyTorch's own, so the two
agree as two seeds do. Prints the columns of summary.csv; seconds are those of training. The images are train.bin and
test.bin in the folder of --data, else of $LAMINA_CIFAR100, else data/cifar-100-binary. Exit status: 0 done, 1 a file
that does not fit, 2 wrong usage. Needs NumPy and PyTorch.
"""

import argparse
import math
import pathlib
import sys
import time

import numpy
import torch

from evaluate_weights import BATCH, default_folder, measure, normalized, read_images
from lamina_networks import CLASSES, NETWORKS
from weight_files import WeightsError

PADDING = 4
LEAST_RATE = 2e-5
VALIDATION_IMAGES = 25  # of each class


def split(labels, random):
    """Positions of the training and of the validation images, the same number of each class."""
    training, validation = [], []
    for label in range(CLASSES):
        members = random.permutation(numpy.flatnonzero(labels == label))
        validation.append(members[:VALIDATION_IMAGES])
        training.append(members[VALIDATION_IMAGES:])
    return numpy.concatenate(training), numpy.concatenate(validation)


def augmented(pixels, random):
    """Each image cropped somewhere in a frame of zeros, half of them mirrored."""
    size = pixels.shape[2]
    framed = numpy.pad(pixels, ((0, 0), (0, 0), (PADDING, PADDING), (PADDING, PADDING)))
    result = numpy.empty_like(pixels)
    for image, (row, column) in enumerate(random.integers(0, 2 * PADDING + 1, (len(pixels), 2))):
        crop = framed[image, :, row:row + size, column:column + size]
        result[image] = crop[:, :, ::-1] if random.random() < 0.5 else crop
    return result


def train_epoch(network, optimizer, pixels, labels, statistics, random):
    """Mean loss and accuracy over the epoch, the weights changing under way."""
    network.train()
    loss_sum, correct = 0.0, 0
    order = random.permutation(len(labels))
    for begin in range(0, len(order), BATCH):
        batch = order[begin:begin + BATCH]
        images = normalized(augmented(pixels[batch], random), *statistics).contiguous(memory_format=torch.channels_last)
        expected = torch.from_numpy(labels[batch])
        optimizer.zero_grad(set_to_none=True)
        logits = network(images)
        loss = torch.nn.functional.cross_entropy(logits, expected)
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * len(batch)
        correct += (logits.argmax(1) == expected).sum().item()
    return loss_sum / len(order), correct / len(order)


def train(arguments):
    random = numpy.random.default_rng(arguments.seed)
    torch.manual_seed(arguments.seed)
    pixels, labels = read_images(arguments.data / "train.bin")
    training, validation = split(labels, random)
    scaled = pixels[training] / numpy.float32(255)
    statistics = scaled.mean((0, 2, 3)), scaled.std((0, 2, 3))
    network = NETWORKS[arguments.model]().to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), lr=arguments.lr)
    print("epoch,lr,train_loss,train_acc,val_loss,val_acc,seconds,images_per_second")
    for epoch in range(arguments.epochs):
        rate = LEAST_RATE + (arguments.lr - LEAST_RATE) * (1 + math.cos(math.pi * epoch / arguments.epochs)) / 2
        optimizer.param_groups[0]["lr"] = rate
        begin = time.perf_counter()
        trained = train_epoch(network, optimizer, pixels[training], labels[training], statistics, random)
        seconds = time.perf_counter() - begin
        network.eval()
        loss, correct, _ = measure(network, pixels[validation], labels[validation], *statistics)
        values = rate, *trained, loss, correct / len(validation), seconds, len(training) / seconds
        print(epoch + 1, *(f"{value:.6g}" for value in values), sep=",", flush=True)
    network.eval()
    pixels, labels = read_images(arguments.data / "test.bin")
    loss, correct, _ = measure(network, pixels, labels, *statistics)
    print(f"test: loss {loss:.4f}, accuracy {correct / len(labels):.4f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, choices=sorted(NETWORKS))
    parser.add_argument("--data", type=pathlib.Path, default=default_folder())
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    try:
        train(arguments)
    except WeightsError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
