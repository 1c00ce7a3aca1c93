"""The networks of bench/networks.hpp in PyTorch: the same layers, and as many parameters."""

import functools
import pathlib
import sys
from typing import Callable, NamedTuple

import torch
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "scripts"))
import lamina_networks  # noqa: E402

CIFAR = (3, 32, 32)


class Network(NamedTuple):
    make: Callable[[], nn.Module]
    parameters: int
    image: tuple = CIFAR
    classes: int = 100


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


def mlp():
    return nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10))


PARAMETERS = {"vgg08": 59_716, "vgg38": 336_196, "vgg38-bn": 338_500, "vgg38-rc": 336_196, "vgg38-bn-rc": 338_500,
              "vgg38-bn-rc-preact": 338_500, "vgg56-bn-rc": 505_540, "vgg110-bn-rc": 1_006_660,
              "resnet20": 278_324, "resnet32": 472_756, "resnet56": 861_620, "resnet110": 1_736_564,
              "se-resnet20": 280_697, "wide-resnet-16-4": 2_772_020, "densenet-bc-40-12": 188_092,
              "separable": 228_772}

NETWORKS = {name: Network(lamina_networks.NETWORKS[name], parameters) for name, parameters in PARAMETERS.items()}
NETWORKS |= {"vgg11-bn": Network(vgg11_bn, 9_277_284),
             "lenet5": Network(functools.partial(lamina_networks.lenet5, 1, 28, 10), 61_706, image=(1, 28, 28),
                               classes=10),
             "mlp": Network(mlp, 669_706, image=(784,), classes=10)}


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
