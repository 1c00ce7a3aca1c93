"""The networks of include/lamina/models/cifar_networks.hpp in PyTorch, with the same names of parameters: NETWORKS has the
function that makes each by its name."""

import functools

import torch
from torch import nn

BLOCKS = {"vgg08": 0, "vgg38": 5, "vgg38-bn": 5, "vgg38-rc": 5, "vgg38-bn-rc": 5, "vgg38-bn-rc-preact": 5,
          "vgg56-bn-rc": 8, "vgg110-bn-rc": 17}
FILTERS = 32
CLASSES = 100


class Residual(nn.Module):
    """branch(input) + shortcut(input), the shortcut being the input itself where there is no projection."""

    def __init__(self, *branch, projection=()):
        super().__init__()
        self.branch = nn.Sequential(*branch)
        if projection:
            self.projection = nn.Sequential(*projection)

    def forward(self, x):
        return self.branch(x) + (self.projection(x) if hasattr(self, "projection") else x)


class Concat(nn.Module):
    """The branches' outputs side by side in the channels."""

    def __init__(self, *branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], dim=1)


class ChannelScale(nn.Module):
    """input * branch(input), the branch giving one value a channel."""

    def __init__(self, *branch):
        super().__init__()
        self.branch = nn.Sequential(*branch)

    def forward(self, x):
        return x * self.branch(x)[:, :, None, None]


def global_avg_pool():
    """The mean of all pixels. Flatten has no parameters; joined with the pooling it leaves the numbering as in Lamina."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())


def SqueezeExcitation(channels, reduction=16):
    """Hu, Shen and Sun 2018."""
    return ChannelScale(global_avg_pool(), nn.Linear(channels, channels // reduction), nn.ReLU(),
                        nn.Linear(channels // reduction, channels), nn.Sigmoid())


def conv(inputs, filters, kernel, stride=1, groups=1):
    """A convolution with a batch norm beside it, which makes a bias superfluous."""
    return nn.Conv2d(inputs, filters, kernel, stride, padding=kernel // 2, groups=groups, bias=False)


def normed_conv(*arguments, **options):
    convolution = conv(*arguments, **options)
    return [convolution, nn.BatchNorm2d(convolution.out_channels)]


def preactivated(inputs, filters, kernel, stride=1):
    return [nn.BatchNorm2d(inputs), nn.ReLU(), conv(inputs, filters, kernel, stride)]


def resnet(depth, reduction=0):
    """ResNet for CIFAR, with squeeze and excitation at the end of each branch where there is a reduction."""
    def block(inputs, filters):
        stride = filters // inputs
        projection = normed_conv(inputs, filters, 1, stride) if stride > 1 else ()
        excitation = [SqueezeExcitation(filters, reduction)] if reduction else []
        branch = [*normed_conv(inputs, filters, 3, stride), nn.ReLU(), *normed_conv(filters, filters, 3), *excitation]
        return [Residual(*branch, projection=projection), nn.ReLU()]

    layers = [*normed_conv(3, 16, 3), nn.ReLU()]
    for inputs, filters in ((16, 16), (16, 32), (32, 64)):
        layers += block(inputs, filters)
        for _ in range((depth - 2) // 6 - 1):
            layers += block(filters, filters)
    return nn.Sequential(*layers, global_avg_pool(), nn.Linear(64, CLASSES))


def wide_resnet(depth, width):
    layers = [conv(3, 16, 3)]
    inputs = 16
    for filters, stride in ((16 * width, 1), (32 * width, 2), (64 * width, 2)):
        # The shortcut that changes the shape reads what is normalised and activated, as the branch does.
        layers += [nn.BatchNorm2d(inputs), nn.ReLU(),
                   Residual(conv(inputs, filters, 3, stride), *preactivated(filters, filters, 3),
                            projection=[conv(inputs, filters, 1, stride)])]
        for _ in range((depth - 4) // 6 - 1):
            layers.append(Residual(*preactivated(filters, filters, 3), *preactivated(filters, filters, 3)))
        inputs = filters
    return nn.Sequential(*layers, nn.BatchNorm2d(inputs), nn.ReLU(), global_avg_pool(), nn.Linear(inputs, CLASSES))


def densenet_bc(depth, growth):
    channels = 2 * growth
    layers = [conv(3, channels, 3)]
    for block in range(3):
        if block > 0:
            layers.append(nn.Sequential(*preactivated(channels, channels // 2, 1), nn.AvgPool2d(2)))
            channels //= 2
        dense = []
        for _ in range((depth - 4) // 6):
            dense.append(Concat(nn.Identity(), nn.Sequential(*preactivated(channels, 4 * growth, 1),
                                                             *preactivated(4 * growth, growth, 3))))
            channels += growth
        layers.append(nn.Sequential(*dense))
    return nn.Sequential(*layers, nn.BatchNorm2d(channels), nn.ReLU(), global_avg_pool(), nn.Linear(channels, CLASSES))


def lenet5(channels=3, side=32, classes=CLASSES):
    pixels = (side // 2 - 4) // 2
    return nn.Sequential(nn.Conv2d(channels, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                         nn.Linear(16 * pixels * pixels, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(),
                         nn.Linear(84, classes))


def separable():
    layers = [*normed_conv(3, 32, 3), nn.ReLU()]
    inputs = 32
    for filters, stride in ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (256, 1)):
        layers += [*normed_conv(inputs, inputs, 3, stride, groups=inputs), nn.ReLU()]
        layers += [*normed_conv(inputs, filters, 1), nn.ReLU()]
        inputs = filters
    return nn.Sequential(*layers, global_avg_pool(), nn.Linear(inputs, CLASSES))


def vgg(name, stages=3, classes=CLASSES):
    """One of the networks in BLOCKS."""
    batch_norm = "-bn" in name
    residual = "-rc" in name
    preactivation = name.endswith("-preact")

    def convolution(inputs=FILTERS, bias=False):
        return nn.Conv2d(inputs, FILTERS, 3, padding=1, bias=bias)

    def norm():
        return [nn.BatchNorm2d(FILTERS)] if batch_norm else []

    def inner():
        return [convolution(), *norm(), nn.LeakyReLU(), convolution()]

    def block():
        branch = [*inner(), *norm()]
        return [*([Residual(*branch)] if residual else branch), nn.LeakyReLU()]

    def blocks():
        if not preactivation:
            return [layer for _ in range(BLOCKS[name]) for layer in block()]
        # The first reads what is normalised and activated already; the last one's sum becomes so behind it.
        others = [Residual(*norm(), nn.LeakyReLU(), *inner()) for _ in range(BLOCKS[name] - 1)]
        return [Residual(*inner()), *others, *norm(), nn.LeakyReLU()]

    def half_reduction():
        return [convolution(bias=True), *norm(), nn.LeakyReLU()]

    layers = [convolution(inputs=3), nn.BatchNorm2d(FILTERS), nn.LeakyReLU()]
    for _ in range(stages):
        layers += [*blocks(), *half_reduction(), nn.AvgPool2d(2), *half_reduction()]
    return nn.Sequential(*layers, global_avg_pool(), nn.Linear(FILTERS, classes))


NETWORKS = {name: functools.partial(vgg, name) for name in BLOCKS}
NETWORKS |= {f"resnet{depth}": functools.partial(resnet, depth) for depth in (20, 32, 56, 110)}
NETWORKS |= {"se-resnet20": functools.partial(resnet, 20, reduction=16),
             "wide-resnet-16-4": functools.partial(wide_resnet, 16, 4),
             "densenet-bc-40-12": functools.partial(densenet_bc, 40, 12),
             "lenet5": lenet5,
             "separable": separable}


def make_network(name):
    """One of NETWORKS."""
    return NETWORKS[name]()
