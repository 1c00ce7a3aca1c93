#!/usr/bin/python3
"""Writes optimizers.json, schedules.json and losses.json beside this file: what PyTorch computes, in double.

Needs PyTorch (Debian: apt install python3-torch). The files are committed; run this only to change them.
"""

import json
import math
import pathlib
import re
import warnings

import torch

STEPS = 20
PARAMETERS = 11  # two blocks of four doubles and three values after them
LEARNING_RATE = 0.01

OPTIMIZERS = {
    "sgd": (torch.optim.SGD, {}),
    "sgd_momentum": (torch.optim.SGD, {"momentum": 0.9}),
    "sgd_nesterov": (torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
    "sgd_weight_decay": (torch.optim.SGD, {"momentum": 0.9, "weight_decay": 0.1}),
    "sgd_nesterov_weight_decay": (torch.optim.SGD, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    "sgd_plain_weight_decay": (torch.optim.SGD, {"weight_decay": 0.1}),
    "adam": (torch.optim.Adam, {}),
    "adam_weight_decay": (torch.optim.Adam, {"weight_decay": 0.1}),
    "adam_betas": (torch.optim.Adam, {"betas": (0.5, 0.9), "eps": 1e-3}),
    "adamw": (torch.optim.AdamW, {"weight_decay": 0.1}),
}


# LAMB tells tensors apart: a matrix, a vector and another matrix.
LAMB = {
    "lamb": {},
    "lamb_weight_decay": {"weight_decay": 0.1},
    "lamb_betas": {"betas": (0.5, 0.9), "eps": 1e-3, "weight_decay": 0.1},
}
LAMB_SHAPES = [[2, 3], [2], [3, 1]]


def write(name, content):
    text = json.dumps(content, indent=1)
    one_line_per_list = re.sub(r"\[[^\[\]{}]*\]", lambda numbers: " ".join(numbers[0].split()), text)
    pathlib.Path(__file__).with_name(name).write_text(one_line_per_list + "\n")


def optimizer_trace(kind, options, start, gradients):
    """Parameters after each step, the gradients being given: they do not depend on the parameters."""
    parameters = torch.nn.Parameter(start.clone())
    optimizer = kind([parameters], lr=LEARNING_RATE, **options)
    trace = []
    for gradient in gradients:
        parameters.grad = gradient.clone()
        optimizer.step()
        trace.append(parameters.tolist())
    return trace


def lamb_trace(start, gradients, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.0):
    """As optimizer_trace, by algorithm 2 of You et al. 2020 written down: PyTorch has no LAMB."""
    sizes = [math.prod(shape) for shape in LAMB_SHAPES]
    parameters = torch.split(start.clone(), sizes)
    first = [torch.zeros_like(w) for w in parameters]
    second = [torch.zeros_like(w) for w in parameters]
    trace = []
    for step, gradient in enumerate(gradients, 1):
        for w, g, m, v, shape in zip(parameters, torch.split(gradient, sizes), first, second, LAMB_SHAPES):
            m.mul_(betas[0]).add_((1 - betas[0]) * g)
            v.mul_(betas[1]).add_((1 - betas[1]) * g * g)
            update = m / (1 - betas[0] ** step) / (torch.sqrt(v / (1 - betas[1] ** step)) + eps)
            ratio = 1.0
            if len(shape) > 1:
                update = update + weight_decay * w
                if w.norm() > 0 and update.norm() > 0:
                    ratio = w.norm() / update.norm()
            w.sub_(LEARNING_RATE * ratio * update)
        trace.append(torch.cat(parameters).tolist())
    return trace


def make_optimizers():
    start = torch.randn(PARAMETERS)
    # From the gradients of a healthy layer to those of a vanished one, and one parameter without any.
    scale = torch.tensor([1, 1, 1, 1e-2, 1e-4, 1e-8, 1e-12, 1e2, 1, 1e-6, 0])
    gradients = scale * torch.randn(STEPS, PARAMETERS)
    traces = {name: optimizer_trace(*of, start, gradients) for name, of in OPTIMIZERS.items()}
    traces.update({name: lamb_trace(start, gradients, **options) for name, options in LAMB.items()})
    return {"learning_rate": LEARNING_RATE, "start": start.tolist(), "gradients": gradients.tolist(),
            "lamb_shapes": LAMB_SHAPES, "traces": traces, "clipping": clipping_cases()}


def clipping_cases():
    """Gradients of two tensors before and after torch.nn.utils.clip_grad_norm_."""
    generator = torch.Generator().manual_seed(1)
    before = torch.randn(PARAMETERS, generator=generator)
    cases = []
    for scale, limit in [(1.0, 1.0), (1.0, 100.0), (1e6, 0.5), (1e-7, 1e-8)]:
        tensors = [torch.nn.Parameter(torch.zeros(6)), torch.nn.Parameter(torch.zeros(5))]
        for tensor, gradient in zip(tensors, torch.split(scale * before, [6, 5])):
            tensor.grad = gradient.clone()
        norm = torch.nn.utils.clip_grad_norm_(tensors, limit)
        after = torch.cat([tensor.grad for tensor in tensors])
        cases.append({"limit": limit, "norm": norm.item(), "before": (scale * before).tolist(), "after": after.tolist()})
    return cases


def loss_case(logits, labels, smoothing):
    logits = logits.clone().requires_grad_()
    labels = torch.tensor(labels)
    loss = torch.nn.functional.cross_entropy(logits, labels, label_smoothing=smoothing)
    loss.backward()
    return {
        "classes": logits.shape[1],
        "labels": labels.tolist(),
        "label_smoothing": smoothing,
        "logits": logits.flatten().tolist(),
        "loss": loss.item(),
        "correct": int((logits.argmax(1) == labels).sum()),
        "gradient": logits.grad.flatten().tolist(),
    }


def make_losses():
    ordinary = 3 * torch.randn(7, 10)
    labels = [0, 9, 4, 4, 1, 7, int(ordinary[6].argmax())]
    extreme = torch.tensor([[1000.0, -1000.0, 0.0], [-1000.0, 1000.0, 999.0], [1000.0, 1000.0, 1000.0],
                            [-1000.0, -1000.0, -999.0]])
    return {
        "ordinary": loss_case(ordinary, labels, 0.0),
        "ordinary, smoothed": loss_case(ordinary, labels, 0.1),
        "extreme": loss_case(extreme, [0, 0, 0, 2], 0.0),
        "extreme, smoothed": loss_case(extreme, [0, 0, 0, 2], 0.3),
        "one sample of a hundred classes": loss_case(torch.randn(1, 100), [42], 0.0),
    }


def schedule_trace(make):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=LEARNING_RATE)
    schedule = make(optimizer)
    trace = []
    for _ in range(STEPS):
        trace.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return trace


def warmup_then_cosine(optimizer):
    warmup = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=5)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=15, eta_min=2e-5)
    return torch.optim.lr_scheduler.SequentialLR(optimizer, [warmup, cosine], milestones=[5])


def make_schedules():
    schedulers = torch.optim.lr_scheduler
    return {
        "learning_rate": LEARNING_RATE,
        "constant": schedule_trace(lambda o: schedulers.LambdaLR(o, lambda _: 1.0)),
        "step": schedule_trace(lambda o: schedulers.StepLR(o, step_size=6, gamma=0.3)),
        "cosine": schedule_trace(lambda o: schedulers.CosineAnnealingLR(o, T_max=STEPS, eta_min=2e-5)),
        "warmup_cosine": schedule_trace(warmup_then_cosine),
    }


if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    # SequentialLR steps its own schedulers in a way that it warns of itself.
    warnings.filterwarnings("ignore", module="torch.optim.lr_scheduler")
    write("optimizers.json", make_optimizers())
    write("losses.json", make_losses())
    write("schedules.json", make_schedules())
