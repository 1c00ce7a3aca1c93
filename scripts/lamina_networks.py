"""The networks of include/lamina/models/vgg.hpp in PyTorch, with the same names of parameters."""

from torch import nn

BLOCKS = {"vgg08": 0, "vgg38": 5, "vgg38-bn": 5, "vgg38-rc": 5, "vgg38-bn-rc": 5, "vgg38-bn-rc-preact": 5,
          "vgg56-bn-rc": 8, "vgg110-bn-rc": 17}
FILTERS = 32


class Residual(nn.Module):
    """branch(input) + shortcut(input), the shortcut being the input itself where there is no projection."""

    def __init__(self, *branch, projection=()):
        super().__init__()
        self.branch = nn.Sequential(*branch)
        if projection:
            self.projection = nn.Sequential(*projection)

    def forward(self, x):
        return self.branch(x) + (self.projection(x) if hasattr(self, "projection") else x)


def vgg(name, stages=3, classes=100):
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
    # Flatten has no parameters; joined with the pooling it leaves the numbering as in Lamina.
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return nn.Sequential(*layers, head, nn.Linear(FILTERS, classes))
