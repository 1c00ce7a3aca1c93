"""Evaluates an ONNX model with PyTorch's functions, node by node, for where onnx has no evaluator of its own. Knows the
operators that our networks are made of, and refuses others and attributes that it does not know."""

import onnx
import torch
from onnx import numpy_helper
from torch.nn import functional


def split_pads(pads):
    """ONNX names the padding of each side, PyTorch that of both."""
    begin, end = pads[:len(pads) // 2], pads[len(pads) // 2:]
    assert begin == end, pads
    return begin


def convolution(x, weight, bias=None, *, kernel_shape, dilations, group, pads, strides):
    assert kernel_shape == list(weight.shape[2:])
    return functional.conv2d(x, weight, bias, strides, split_pads(pads), dilations, group)


def average_pool(x, *, kernel_shape, pads, strides, ceil_mode=0, count_include_pad=0):
    return functional.avg_pool2d(x, kernel_shape, strides, split_pads(pads), bool(ceil_mode), bool(count_include_pad))


def reshape(x, shape):
    return x.reshape([size or x.shape[axis] for axis, size in enumerate(shape.tolist())])


def linear(x, weight, bias, *, alpha, beta, transB, transA=0):  # the attributes' names are ONNX's
    assert not transA
    return alpha * (x @ (weight.t() if transB else weight)) + beta * bias


def batch_norm(x, scale, bias, mean, variance, *, epsilon=1e-5, momentum=0.9, training_mode=0):
    assert not training_mode
    return functional.batch_norm(x, mean, variance, scale, bias, eps=epsilon)


def instance_norm(x, scale, bias, *, epsilon=1e-5):
    return functional.instance_norm(x, None, None, scale, bias, eps=epsilon)


def max_pool(x, *, kernel_shape, pads, strides, ceil_mode=0, dilations=1):
    return functional.max_pool2d(x, kernel_shape, strides, split_pads(pads), dilations, bool(ceil_mode))


def unsqueeze(x, axes):
    for axis in sorted(axes.tolist()):
        x = x.unsqueeze(axis)
    return x


OPERATORS = {
    "Add": torch.add,
    "AveragePool": average_pool,
    "BatchNormalization": batch_norm,
    "Clip": torch.clamp,
    "Concat": lambda *inputs, axis: torch.cat(inputs, axis),
    "Constant": lambda *, value: torch.from_numpy(numpy_helper.to_array(value).copy()),
    "Conv": convolution,
    "Erf": torch.erf,
    "Flatten": lambda x, *, axis: x.flatten(axis),
    "Gemm": linear,
    "GlobalAveragePool": lambda x: x.mean((2, 3), keepdim=True),
    "HardSigmoid": lambda x, *, alpha, beta: (alpha * x + beta).clamp(0, 1),
    "Identity": lambda x: x,
    "InstanceNormalization": instance_norm,
    "LeakyRelu": lambda x, *, alpha: functional.leaky_relu(x, alpha),
    "MaxPool": max_pool,
    "Mul": torch.mul,
    "Relu": functional.relu,
    "Reshape": reshape,
    "Sigmoid": torch.sigmoid,
    "Softmax": lambda x, *, axis: x.softmax(axis),
    "Tanh": torch.tanh,
    "Transpose": lambda x, *, perm: x.permute(perm),
    "Unsqueeze": unsqueeze,
}


def evaluate(model, images):
    """The output of a model with one input and one output."""
    graph = model.graph
    values = {tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy()) for tensor in graph.initializer}
    values[graph.input[0].name] = images
    for node in graph.node:
        attributes = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
        inputs = [values[name] for name in node.input]
        values[node.output[0]] = OPERATORS[node.op_type](*inputs, **attributes)
    return values[graph.output[0].name]
