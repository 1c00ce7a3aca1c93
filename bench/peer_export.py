"""Writes a network for ONNX Runtime and OpenVINO to a file of NumPy: its ONNX model, images, and PyTorch's output for
them.

    PYTHON bench/peer_export.py MODEL BATCH_SIZE FILE

A process of its own, so that PyTorch takes neither time nor memory of the programs that peers.py measures.
"""

import sys

import numpy
import torch

import peer_networks


def main():
    model, batch_size, path = sys.argv[1:]
    torch.manual_seed(0)
    network = peer_networks.make_network(model)
    images = torch.randn(int(batch_size), *peer_networks.NETWORKS[model].image)
    multiply_adds = peer_networks.multiply_adds(network, images[:1])
    with torch.inference_mode():
        expected = network.eval()(images)
    program = torch.onnx.export(network, (images,), dynamo=True)
    onnx = numpy.frombuffer(program.model_proto.SerializeToString(), numpy.uint8)
    numpy.savez(path, onnx=onnx, images=images.numpy(), expected=expected.numpy(), multiply_adds=multiply_adds,
                parameters=peer_networks.NETWORKS[model].parameters)


if __name__ == "__main__":
    main()
