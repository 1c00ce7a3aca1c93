#!/usr/bin/python3
"""Writes recipes.json beside this file: parameter groups, schedules by step and averages of weights as PyTorch has them.

Needs PyTorch (Debian: apt install python3-torch). The file is committed; run this only to change it.
"""

import math
import warnings

import torch

import reference

STEPS = 12
LEARNING_RATE = 0.01
SHAPES = [[2, 3], [2], [3, 1], [4]]  # the last one is frozen
FACTOR = 0.25  # of the learning rate of the third

OPTIMIZERS = {
    "adam": (torch.optim.Adam, {"weight_decay": 0.1}),
    "adamw": (torch.optim.AdamW, {"weight_decay": 0.1}),
    "sgd": (torch.optim.SGD, {"weight_decay": 0.1}),
    "sgd_nesterov": (torch.optim.SGD, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
}


def group_trace(kind, options, start, gradients):
    """Parameters after each step: no weight decay on vectors, a slower tensor, a frozen one."""
    sizes = [math.prod(shape) for shape in SHAPES]
    tensors = [torch.nn.Parameter(part.clone()) for part in torch.split(start, sizes)]
    optimizer = kind([{"params": [tensors[0]]}, {"params": [tensors[1]], "weight_decay": 0.0},
                      {"params": [tensors[2]], "lr": FACTOR * LEARNING_RATE}], lr=LEARNING_RATE, **options)
    trace = []
    for gradient in gradients:
        for tensor, part in zip(tensors, torch.split(gradient, sizes)):
            tensor.grad = part.clone()
        optimizer.step()
        trace.append(torch.cat([tensor.detach() for tensor in tensors]).tolist())
    return trace


def make_groups():
    size = sum(math.prod(shape) for shape in SHAPES)
    start = torch.randn(size)
    gradients = torch.randn(STEPS, size)
    return {"learning_rate": LEARNING_RATE, "factor": FACTOR, "shapes": SHAPES, "start": start.tolist(),
            "gradients": gradients.tolist(),
            "traces": {name: group_trace(*of, start, gradients) for name, of in OPTIMIZERS.items()}}


def one_cycle(steps, **options):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0, momentum=0.9)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.4, total_steps=steps, **options)
    trace = []
    for step in range(steps):
        trace.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if step + 1 < steps:
            schedule.step()
    return {"steps": steps, "options": options, "trace": trace}


def make_averages():
    weights = torch.nn.Linear(3, 2)
    values = torch.randn(6, 8)
    exponential = torch.optim.swa_utils.AveragedModel(weights, avg_fn=lambda a, p, n: 0.9 * a + 0.1 * p)
    stochastic = torch.optim.swa_utils.AveragedModel(weights)
    traces = {"exponential": [], "stochastic": []}
    for row in values:
        torch.nn.utils.vector_to_parameters(row, weights.parameters())
        for name, model in (("exponential", exponential), ("stochastic", stochastic)):
            model.update_parameters(weights)
            traces[name].append(torch.nn.utils.parameters_to_vector(model.parameters()).tolist())
    return {"decay": 0.9, "values": values.tolist(), "traces": traces}


def make_statistics():
    """Batch norm measured again over three batches, by torch.optim.swa_utils.update_bn."""
    batches = [1 + 2 * torch.randn(4, 3, 2, 2) for _ in range(3)]
    norm = torch.nn.BatchNorm2d(3)
    torch.optim.swa_utils.update_bn(batches, norm)
    nhwc = [batch.permute(0, 2, 3, 1).flatten().tolist() for batch in batches]
    return {"batches": nhwc, "mean": norm.running_mean.tolist(), "variance": norm.running_var.tolist()}


if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(2)
    warnings.filterwarnings("ignore", module="torch.optim.lr_scheduler")
    reference.write("recipes.json", {
        "groups": make_groups(),
        "one_cycle": {
            "default": one_cycle(50),
            "other": one_cycle(33, pct_start=0.45, div_factor=10.0, final_div_factor=100.0),
        },
        "averages": make_averages(),
        "statistics": make_statistics(),
    })
