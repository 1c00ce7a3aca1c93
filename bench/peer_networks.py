"""The networks of bench/networks.hpp in PyTorch: the same layers, and as many parameters."""

import functools
import pathlib
import sys
from typing import Callable, NamedTuple

import torch
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "scripts"))
from lamina_networks import Residual, vgg  # noqa: E402

CIFAR = (3, 32, 32)


class Network(NamedTuple):
    make: Callable[[], nn.Module]
    parameters: int
    image: tuple = CIFAR
    classes: int = 100


def conv(inputs, filters, kernel, stride=1, groups=1):
    """A convolution with a batch norm behind it."""
    return nn.Conv2d(inputs, filters, kernel, stride, padding=kernel // 2, groups=groups, bias=False)


def normed_conv(*arguments, **options):
    convolution = conv(*arguments, **options)
    return [convolution, nn.BatchNorm2d(convolution.out_channels)]


def head(channels):
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 100)]


def resnet20():
    def block(inputs, filters):
        stride = filters // inputs
        projection = normed_conv(inputs, filters, 1, stride) if stride > 1 else ()
        branch = [*normed_conv(inputs, filters, 3, stride), nn.ReLU(), *normed_conv(filters, filters, 3)]
        return [Residual(*branch, projection=projection), nn.ReLU()]

    layers = [*normed_conv(3, 16, 3), nn.ReLU()]
    for inputs, filters in ((16, 16), (16, 32), (32, 64)):
        layers += [*block(inputs, filters), *block(filters, filters), *block(filters, filters)]
    return nn.Sequential(*layers, *head(64))


def vgg11_bn():
    layers = []
    channels = 3
    for filters in (64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"):
        if filters == "M":
            layers.append(nn.MaxPool2d(2))
        else:
            layers += [nn.Conv2d(channels, filters, 3, padding=1), nn.BatchNorm2d(filters), nn.ReLU()]
            channels = filters
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(512, 100))


def lenet5():
    return nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                         nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))


def mlp():
    return nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10))


class WithInput(nn.Module):
    """The input's channels, and behind them those that a branch makes of it."""

    def __init__(self, *branch):
        super().__init__()
        self.branch = nn.Sequential(*branch)

    def forward(self, x):
        return torch.cat([x, self.branch(x)], 1)


def densenet_bc(growth=12, layers_a_block=6):
    def preactivated(inputs, filters, kernel):
        return [nn.BatchNorm2d(inputs), nn.ReLU(), conv(inputs, filters, kernel)]

    channels = 2 * growth
    layers = [conv(3, channels, 3)]
    for block in range(3):
        if block > 0:
            layers += [*preactivated(channels, channels // 2, 1), nn.AvgPool2d(2)]
            channels //= 2
        for _ in range(layers_a_block):
            layers.append(WithInput(*preactivated(channels, 4 * growth, 1), *preactivated(4 * growth, growth, 3)))
            channels += growth
    return nn.Sequential(*layers, nn.BatchNorm2d(channels), nn.ReLU(), *head(channels))


def separable():
    layers = [*normed_conv(3, 32, 3), nn.ReLU()]
    inputs = 32
    for filters, stride in ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (256, 1)):
        layers += [*normed_conv(inputs, inputs, 3, stride, groups=inputs), nn.ReLU()]
        layers += [*normed_conv(inputs, filters, 1), nn.ReLU()]
        inputs = filters
    return nn.Sequential(*layers, *head(inputs))


VGG_PARAMETERS = {"vgg08": 59_716, "vgg38": 336_196, "vgg38-bn": 338_500, "vgg38-rc": 336_196, "vgg38-bn-rc": 338_500,
                  "vgg38-bn-rc-preact": 338_500, "vgg56-bn-rc": 505_540, "vgg110-bn-rc": 1_006_660}

NETWORKS = {name: Network(functools.partial(vgg, name), parameters) for name, parameters in VGG_PARAMETERS.items()}
NETWORKS |= {"resnet20": Network(resnet20, 278_324), "vgg11-bn": Network(vgg11_bn, 9_277_284),
             "lenet5": Network(lenet5, 61_706, image=(1, 28, 28), classes=10),
             "mlp": Network(mlp, 669_706, image=(784,), classes=10),
             "densenet-bc-40-12": Network(densenet_bc, 188_092), "separable": Network(separable, 228_772)}


def make_network(name):
    """A network with PyTorch's own initialisation. It must have as many parameters as Lamina's."""
    network = NETWORKS[name].make()
    count = sum(parameter.numel() for parameter in network.parameters())
    assert count == NETWORKS[name].parameters, f"{name} has {count} parameters, not {NETWORKS[name].parameters}"
    for module in network.modules():
        if hasattr(module, "inplace"):
            module.inplace = True  # the faster way, and torchvision's
    return network


def multiply_adds(network, image):
    """Products of one image's forward pass, by direct convolution."""
    counts = []

    def count(module, _, output):
        counts.append(output[0].numel() * module.weight[0].numel())

    hooks = [module.register_forward_hook(count) for module in network.modules()
             if isinstance(module, (nn.Conv2d, nn.Linear))]
    with torch.inference_mode():
        network.eval()(image)
    network.train()
    for hook in hooks:
        hook.remove()
    return sum(counts)
