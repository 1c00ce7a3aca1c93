#!/usr/bin/python3
"""Converts the weights of a network between the files of Lamina and of PyTorch, and to ONNX:

    scripts/convert_weights.py vgg08.safetensors vgg08.pt      # a state_dict for torch.load
    scripts/convert_weights.py vgg08.pt vgg08.npz --model vgg08
    scripts/convert_weights.py vgg08.safetensors vgg08.onnx    # the network for inference, with its weights

The extensions name the formats: .safetensors, .npz, .pt or .pth, and for the output also .onnx. Names and layout of the
tensors are PyTorch's in all of them. Where the network is known, by --model or by the metadata of a safetensors file, its
tensors are checked. PyTorch's counters of batches (num_batches_tracked) are in .pt files alone: 0 where they come from
another format. Exit status: 0 done, 1 a file that does not fit, 2 wrong usage.

Needs NumPy and PyTorch (Debian: apt install python3-torch, run with /usr/bin/python3), and to check what it writes in ONNX,
python3-onnx. docs/weights.md has the formats.
"""

import argparse
import collections
import io
import json
import pathlib
import sys

import numpy
import torch

import weight_files
from lamina_networks import NETWORKS, make_network
from weight_files import WeightsError

COUNTER = "num_batches_tracked"
ONNX_OPSET = 13
IMAGE = (3, 32, 32)


def without_counters(arrays):
    """The arrays but for the counters of batch norms."""
    counters = {name[:-len("running_mean")] + COUNTER for name in arrays if name.endswith("running_mean")}
    return {name: array for name, array in arrays.items() if name not in counters}


def with_counters(arrays):
    """The arrays with a counter at 0 behind the statistics of each batch norm."""
    complete = {}
    for name, array in without_counters(arrays).items():
        complete[name] = array
        if name.endswith("running_var"):
            complete[name[:-len("running_var")] + COUNTER] = numpy.array(0, numpy.int64)
    return complete


def check_types(path, arrays):
    for name, array in without_counters(arrays).items():
        if array.dtype not in (numpy.float32, numpy.float64):
            raise WeightsError(f"{path}: tensor '{name}': expected float32 or float64, found {array.dtype}")


def check_network(path, arrays, model):
    """Refuses arrays that are not exactly those of the network."""
    found = without_counters(arrays)
    expected = without_counters(make_network(model).state_dict())
    for name, tensor in expected.items():
        if name not in found:
            raise WeightsError(f"{path}: tensor '{name}' of {model} is missing")
        if found[name].shape != tuple(tensor.shape):
            raise WeightsError(f"{path}: tensor '{name}': {model} has {tuple(tensor.shape)}, found {found[name].shape}")
    for name in found:
        if name not in expected:
            raise WeightsError(f"{path}: {model} has no tensor '{name}'")


def network_of(arrays, model):
    """The network for inference with these weights, in float."""
    network = make_network(model)
    state = {name: torch.from_numpy(numpy.array(array)) for name, array in with_counters(arrays).items()}
    network.load_state_dict(state)
    return network.float().eval()


def check_onnx(content, network):
    """Has onnx check the model, and makes sure of its shapes and that batch norms went into the convolutions."""
    import onnx
    model = onnx.load_from_string(content)
    onnx.checker.check_model(model, full_check=True)
    graph = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True).graph
    shape = [size.dim_param or size.dim_value for size in graph.output[0].type.tensor_type.shape.dim]
    classes = network[-1].out_features
    if shape != ["batch", classes]:
        raise ValueError(f"its output is {shape}, expected ['batch', {classes}]")
    readers = collections.Counter(name for node in graph.node for name in node.input)
    # One that others read, too, as in a dense block, stays.
    convolutions = {node.output[0] for node in graph.node if node.op_type == "Conv" and readers[node.output[0]] == 1}
    if any(node.op_type == "BatchNormalization" and node.input[0] in convolutions for node in graph.node):
        raise ValueError("a batch norm behind a convolution was not folded into it")


def encode_onnx(network):
    """The network as an ONNX model from images (batch, 3, 32, 32) to logits (batch, classes)."""
    for module in network.modules():
        if isinstance(module, torch.nn.AvgPool2d):
            module.count_include_pad = False  # no difference without padding, but PyTorch would write a node that pads
    file = io.BytesIO()
    torch.onnx.export(network, torch.zeros(1, *IMAGE), file, opset_version=ONNX_OPSET, input_names=["images"],
                      output_names=["logits"], dynamic_axes={"images": {0: "batch"}, "logits": {0: "batch"}})
    return file.getvalue()


def write_onnx(path, arrays, model):
    network = network_of(arrays, model)
    content = encode_onnx(network)
    try:
        check_onnx(content, network)
    except ImportError:
        print(f"{path}: not checked, because Python has no package onnx", file=sys.stderr)
    except Exception as error:  # each part of onnx has its own
        raise WeightsError(f"{path}: what would be written is no valid model: {error}") from error
    weight_files.write_bytes(path, content)


def configured_model(metadata):
    """The network in the configuration of a run, or None."""
    try:
        return json.loads(metadata["configuration"])["model"]
    except (KeyError, TypeError, ValueError):
        return None


def convert(source, target, model=None):
    """Reads one file and writes the other. Writes nothing unless all is well."""
    if target.suffix not in (*weight_files.FORMATS, ".onnx"):
        raise WeightsError(f"{target}: expected a name that ends in {', '.join(weight_files.FORMATS)} or .onnx")
    arrays, metadata = weight_files.read(source)
    # A run's best.safetensors says it in the configuration of the run.
    model = model or metadata.get("model") or configured_model(metadata)
    check_types(source, arrays)
    if model in NETWORKS:
        check_network(source, arrays, model)
    if target.suffix == ".onnx":
        if model not in NETWORKS:
            raise WeightsError(f"{source}: does not say which network it is of; --model does: {', '.join(NETWORKS)}")
        write_onnx(target, arrays, model)
        return
    change = with_counters if target.suffix in (".pt", ".pth") else without_counters
    named = {"model": model} if model else {}
    weight_files.write(target, change(arrays), {"format": "pt", **metadata, **named})


def main():
    parser = argparse.ArgumentParser(description="Converts the weights of a network.")
    parser.add_argument("input", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--model", choices=list(NETWORKS), help="whose weights they are; by default what the file says")
    arguments = parser.parse_args()
    try:
        convert(arguments.input, arguments.output, arguments.model)
    except WeightsError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
