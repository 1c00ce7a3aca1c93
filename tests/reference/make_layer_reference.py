#!/usr/bin/python3
"""Writes convolutions.json and layers.json beside this file: forward and backward by PyTorch, in double.

Needs PyTorch (Debian: apt install python3-torch). The files are committed; run this only to change them. Each case has
its counterpart of the same name in tests/.
"""

import pathlib
import sys

import torch
from torch import nn

import formula
from reference import digest, parameter_digests, statistics_digests, write

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
from lamina_networks import Concat, Residual, SqueezeExcitation  # noqa: E402

SAMPLES = 40


class ChannelLayerNorm(nn.LayerNorm):
    """torch.nn.LayerNorm over the channels of images (batch, channels, rows, columns)."""

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class HardSigmoid(nn.Module):
    """nn.Hardsigmoid, whose backward takes one sixth in float even where all else is double."""

    def forward(self, x):
        return nn.functional.relu6(x + 3) / 6


class Times(nn.Module):
    """Every value times a number: what reaches all parts of an activation."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return x * self.factor


def case(batch, shape, *layers, values=formula.uniform):
    """Training forward and backward of one batch, the running statistics after a second, then inference."""
    network = nn.Sequential(*layers)
    formula.fill_parameters(network)
    images = formula.images(formula.IMAGES, batch, shape, values).requires_grad_()
    output = network(images)
    # A vector has no pixels; as an image of one it has the order of the others.
    as_image = output if output.dim() == 4 else output[:, :, None, None]
    height, width, channels = as_image.shape[2], as_image.shape[3], as_image.shape[1]
    as_image.backward(formula.images(formula.OUTPUT_GRADIENT, batch, (height, width, channels)))
    network(formula.images(formula.MORE_IMAGES, batch, shape, values))
    statistics = statistics_digests(network, SAMPLES)
    network.eval()
    return {
        "batch": batch,
        "coarse": values is formula.coarse,
        "output": digest(as_image.permute(0, 2, 3, 1), SAMPLES),
        "input_gradient": digest(images.grad.permute(0, 2, 3, 1), SAMPLES),
        "parameters": parameter_digests(network, SAMPLES),
        "statistics": statistics,
        "inference": digest(network(images).reshape(as_image.shape).permute(0, 2, 3, 1), SAMPLES),
    }


def convolutions():
    return {
        "3x3 of 3 channels": case(3, (8, 8, 3), nn.Conv2d(3, 32, 3, padding=1, bias=False)),
        "3x3 of 32 channels, biased, odd image": case(2, (7, 9, 32), nn.Conv2d(32, 32, 3, padding=1)),
        "3x3 of 16 channels, no padding": case(2, (9, 6, 16), nn.Conv2d(16, 8, 3)),
        "3x3 from 5 to 7 channels": case(3, (6, 5, 5), nn.Conv2d(5, 7, 3, padding=1)),
        "3x3 from 8 to 16 channels, stride 2": case(2, (8, 8, 8), nn.Conv2d(8, 16, 3, stride=2, padding=1)),
        "3x3 of 7 channels, dilation 2": case(2, (8, 7, 7), nn.Conv2d(7, 5, 3, padding=2, dilation=2)),
        "3x3, stride 2, dilation 3, padding 1": case(
            2, (11, 12, 3), nn.Conv2d(3, 8, 3, stride=2, padding=1, dilation=3, bias=False)),
        "1x1 from 32 to 16 channels, stride 2": case(2, (6, 6, 32), nn.Conv2d(32, 16, 1, stride=2, bias=False)),
        "2x2 from 5 to 8 channels, stride 2": case(2, (6, 8, 5), nn.Conv2d(5, 8, 2, stride=2)),
        "5x5 from 3 to 7 channels, padding 2": case(2, (7, 6, 3), nn.Conv2d(3, 7, 5, padding=2)),
        "5x5 from 8 to 5 channels, stride 3, padding 4": case(
            2, (7, 8, 8), nn.Conv2d(8, 5, 5, stride=3, padding=4, bias=False)),
        "kernel as large as the image": case(4, (4, 4, 5), nn.Conv2d(5, 8, 4)),
        "3x3 from 6 to 8 channels in 2 groups": case(3, (6, 5, 6), nn.Conv2d(6, 8, 3, padding=1, groups=2)),
        "3x3 from 9 to 6 channels in 3 groups, stride 2": case(
            2, (7, 6, 9), nn.Conv2d(9, 6, 3, stride=2, padding=1, groups=3, bias=False)),
        "depthwise 3x3 of 8 channels": case(3, (7, 6, 8), nn.Conv2d(8, 8, 3, padding=1, groups=8)),
        "depthwise 3x3 of 5 channels, stride 2": case(
            2, (7, 8, 5), nn.Conv2d(5, 5, 3, stride=2, padding=1, groups=5, bias=False)),
        "depthwise 5x5 from 4 to 8 channels, dilation 2": case(
            2, (9, 8, 4), nn.Conv2d(4, 8, 5, padding=4, dilation=2, groups=4)),
    }


def projection_block():
    branch = [nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.LeakyReLU(),
              nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)]
    return Residual(*branch, projection=[nn.Conv2d(8, 16, 1, stride=2, bias=False), nn.BatchNorm2d(16)])


def identity_block(channels):
    return Residual(nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), nn.LeakyReLU(),
                    nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels))


def squeezed_block(channels):
    return Residual(nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(),
                    nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels),
                    SqueezeExcitation(channels, 2))


def dense_unit(channels):
    """What was there and eight channels more, by way of a bottleneck (Huang et al. 2017)."""
    return Concat(nn.Identity(), nn.Sequential(
        nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, 16, 1, bias=False),
        nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 8, 3, padding=1, bias=False)))


def residual_stem():
    """The entry of a ResNet for large images."""
    return [nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]


def layers():
    return {
        "batch norm of 7 channels": case(3, (3, 3, 7), nn.BatchNorm2d(7)),
        "batch norm of 32 channels": case(5, (8, 8, 32), nn.BatchNorm2d(32)),
        "batch norm of one pixel": case(6, (1, 1, 5), nn.BatchNorm2d(5)),
        "batch norm, own epsilon and momentum": case(2, (4, 4, 3), nn.BatchNorm2d(3, eps=1e-2, momentum=0.3)),
        "leaky ReLU": case(2, (4, 4, 5), nn.LeakyReLU(), values=formula.coarse),
        "ReLU": case(2, (4, 4, 5), nn.ReLU(), values=formula.coarse),
        "average pooling": case(2, (6, 4, 8), nn.AvgPool2d(2)),
        "maximum pooling": case(2, (6, 4, 8), nn.MaxPool2d(2)),
        "maximum pooling of equal values": case(3, (6, 9, 5), nn.MaxPool2d(3), values=formula.coarse),
        "maximum pooling 3x3/2, padding 1": case(2, (7, 8, 5), nn.MaxPool2d(3, 2, padding=1), values=formula.coarse),
        "maximum pooling that leaves a rest": case(2, (7, 8, 5), nn.MaxPool2d(2, 3)),
        "average pooling 3x3/2, padding 1": case(2, (7, 8, 5), nn.AvgPool2d(3, 2, padding=1)),
        "average pooling that leaves a rest": case(2, (7, 9, 5), nn.AvgPool2d(2, 2)),
        "global maximum pooling": case(3, (5, 4, 7), nn.AdaptiveMaxPool2d(1), values=formula.coarse),
        "global average pooling": case(3, (5, 4, 7), nn.AdaptiveAvgPool2d(1)),
        "linear": case(5, (1, 1, 32), nn.Flatten(), nn.Linear(32, 100)),
        "linear without bias": case(4, (1, 1, 7), nn.Flatten(), nn.Linear(7, 5, bias=False)),
        "residual behind layers": case(
            2, (6, 5, 3), nn.Conv2d(3, 16, 3, padding=1), nn.LeakyReLU(), identity_block(16), nn.LeakyReLU()),
        "residual with projection": case(3, (6, 8, 8), projection_block()),
        "small network": case(
            4, (8, 8, 3), nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.LeakyReLU(),
            identity_block(8), nn.LeakyReLU(), projection_block(), nn.ReLU(), nn.MaxPool2d(2),
            nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), nn.Linear(16, 10)),
        "tanh": case(2, (4, 4, 5), nn.Tanh()),
        "sigmoid": case(2, (4, 4, 5), nn.Sigmoid()),
        "SiLU": case(2, (4, 4, 5), nn.SiLU()),
        "GELU": case(2, (4, 4, 5), nn.GELU()),
        "ELU": case(2, (4, 4, 5), nn.ELU()),
        "ReLU6": case(3, (4, 4, 5), Times(8), nn.ReLU6()),
        "ReLU6 at its corners": case(3, (4, 4, 5), Times(6), nn.ReLU6(), values=formula.coarse),
        "hard sigmoid": case(3, (4, 4, 5), Times(6), HardSigmoid()),
        "hard swish": case(3, (4, 4, 5), Times(6), nn.Hardswish()),
        "softmax": case(3, (3, 4, 7), Times(3), nn.Softmax(dim=1)),
        "batch norm without gamma and beta": case(
            3, (5, 6, 4), nn.Conv2d(4, 9, 3, padding=1, bias=False), nn.BatchNorm2d(9, affine=False), nn.ReLU(),
            nn.Conv2d(9, 5, 1, bias=False), nn.BatchNorm2d(5, affine=False)),
        "group norm of 2 groups": case(3, (3, 5, 6), nn.GroupNorm(2, 6)),
        "group norm of 1 group": case(3, (3, 5, 7), nn.GroupNorm(1, 7)),
        "group norm of as many groups as channels": case(3, (3, 5, 4), nn.GroupNorm(4, 4, eps=1e-2)),
        "channel layer norm": case(3, (3, 5, 7), ChannelLayerNorm(7)),
        "group norms in a residual block": case(
            3, (6, 5, 3), nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.GroupNorm(4, 8), nn.ReLU(),
            Residual(nn.Conv2d(8, 8, 3, padding=1, bias=False), nn.GroupNorm(2, 8), nn.SiLU(), ChannelLayerNorm(8)),
            nn.ReLU()),
        "squeeze and excitation": case(3, (5, 4, 8), SqueezeExcitation(8, 4)),
        "residual block with squeeze and excitation": case(
            3, (6, 5, 3), nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), squeezed_block(8),
            nn.ReLU(), squeezed_block(8), nn.ReLU()),
        "dense block with transition": case(
            3, (8, 6, 3), nn.Conv2d(3, 8, 3, padding=1, bias=False), dense_unit(8), dense_unit(16), nn.BatchNorm2d(24),
            nn.ReLU(), nn.Conv2d(24, 12, 1, bias=False), nn.AvgPool2d(2), dense_unit(12), nn.BatchNorm2d(20),
            nn.ReLU()),
        "branches that end in activations": case(
            3, (6, 6, 4), nn.Conv2d(4, 8, 3, padding=1),
            Concat(nn.Sequential(nn.Conv2d(8, 4, 1), nn.ReLU()),
                   nn.Sequential(nn.Conv2d(8, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.SiLU()),
                   nn.Tanh()),
            nn.Conv2d(16, 5, 3, padding=1)),
        "residual stem": case(3, (13, 15, 3), *residual_stem(), identity_block(8), nn.ReLU(), nn.AdaptiveMaxPool2d(1)),
        "depthwise separable block": case(
            3, (7, 8, 6), nn.Conv2d(6, 6, 3, stride=2, padding=1, groups=6, bias=False), nn.BatchNorm2d(6), nn.ReLU(),
            nn.Conv2d(6, 12, 1, bias=False), nn.BatchNorm2d(12), nn.GELU()),
    }


if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    write("convolutions.json", convolutions())
    write("layers.json", layers())
