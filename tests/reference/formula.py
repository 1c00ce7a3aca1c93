"""The inputs that both sides of a comparison make for themselves; formula.hpp is the same in C++. See README.md."""

import numpy
import torch

# Sequences. Parameter tensor i of a network, in order, has sequence i.
IMAGES = 1000
MORE_IMAGES = 1001
OUTPUT_GRADIENT = 1002
LABELS = 1003
PROJECTIONS = 2000  # and the next three
SAMPLES = 3000


def mix(words):
    """The 32-bit finalizer of MurmurHash3."""
    words = words ^ (words >> numpy.uint32(16))
    words = words * numpy.uint32(0x85EBCA6B)
    words = words ^ (words >> numpy.uint32(13))
    words = words * numpy.uint32(0xC2B2AE35)
    return words ^ (words >> numpy.uint32(16))


def bits(sequence, count):
    """`count` words of 32 random bits."""
    start = numpy.uint32(sequence * 0x9E3779B9 % 2**32)
    return mix(numpy.arange(count, dtype=numpy.uint32) + start)


def uniform(sequence, count):
    """`count` values in [-1, 1), multiples of 2^-23."""
    return (bits(sequence, count) >> numpy.uint32(8)).astype(numpy.float64) * 2.0**-23 - 1


def coarse(sequence, count):
    """As uniform, rounded down to multiples of 1/4: equal values and zeros are frequent."""
    return numpy.floor(uniform(sequence, count) * 4) / 4


def images(sequence, batch, shape, values=uniform):
    """A batch in PyTorch's order (NCHW) whose formula runs in ours (NHWC). `shape` is (height, width, channels)."""
    height, width, channels = shape
    flat = values(sequence, batch * height * width * channels)
    return torch.from_numpy(flat.reshape(batch, height, width, channels)).permute(0, 3, 1, 2).contiguous()


def labels(batch, classes):
    return torch.from_numpy(bits(LABELS, batch).astype(numpy.int64) % classes)


def to_lamina(tensor):
    """Weights, biases, images and vectors from PyTorch's order of dimensions to ours."""
    tensor = tensor.detach()
    if tensor.dim() == 4:
        return tensor.permute(2, 3, 1, 0)
    return tensor.t() if tensor.dim() == 2 else tensor


def fill_parameters(network):
    """Convolution and linear layers uniform in +-1/sqrt(fan_in), a normalisation's gamma 1 + u/4 and beta u/4; rounded to
    float, so that Lamina starts from the same values in float and in double."""
    sequence = 0
    for module in network.modules():
        for name, parameter in module.named_parameters(recurse=False):
            values = uniform(sequence, parameter.numel())
            sequence += 1
            if isinstance(module, (torch.nn.BatchNorm2d, torch.nn.GroupNorm, torch.nn.LayerNorm)):
                values = (1 if name == "weight" else 0) + values / 4
            else:
                values = values / numpy.sqrt(float(module.weight[0].numel()))
            values = torch.from_numpy(values.astype(numpy.float32).astype(numpy.float64))
            set_from_lamina(parameter, values)


def set_from_lamina(parameter, flat):
    """Overwrites a parameter with values in our order."""
    ours = to_lamina(parameter)
    ours.copy_(flat.reshape(ours.shape))
