"""Training steps and inference in PyTorch, for peers.py."""

import torch
import torch._inductor.config

import peer_networks

SETTINGS = {"eager-nchw": (False, torch.contiguous_format), "eager-channels-last": (False, torch.channels_last),
            "compile-nchw": (True, torch.contiguous_format), "compile-channels-last": (True, torch.channels_last)}


def training_step(network, images, labels, compiled):
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)

    def loss(images, labels):
        return torch.nn.functional.cross_entropy(network(images), labels)

    if compiled:
        loss = torch.compile(loss)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss(images, labels).backward()
        optimizer.step()

    return step


def inference_step(network, images, compiled):
    network.eval()
    if compiled:
        torch._inductor.config.freezing = True  # the weights become constants, as in ONNX Runtime and OpenVINO
        network = torch.compile(network)

    def step():
        with torch.inference_mode():
            network(images)

    return step


def prepare(arguments):
    """The step to time, the network's number of parameters, and the multiply-adds of an image."""
    compiled, layout = SETTINGS[arguments.setting]
    torch.set_num_threads(arguments.threads)
    torch.set_flush_denormal(True)  # as Lamina does
    torch.manual_seed(0)
    network = peer_networks.make_network(arguments.model)
    description = peer_networks.NETWORKS[arguments.model]
    images = torch.randn(arguments.batch_size, *description.image)
    multiply_adds = peer_networks.multiply_adds(network, images[:1])
    if len(description.image) == 3:
        network = network.to(memory_format=layout)
        images = images.contiguous(memory_format=layout)
    if arguments.mode == "infer":
        return inference_step(network, images, compiled), description.parameters, multiply_adds
    labels = torch.randint(description.classes, (arguments.batch_size,))
    return training_step(network, images, labels, compiled), description.parameters, multiply_adds
