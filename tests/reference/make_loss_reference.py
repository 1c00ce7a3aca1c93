#!/usr/bin/python3
"""Writes target_losses.json beside this file: losses on their own targets as PyTorch computes them, in double.

Needs PyTorch (Debian: apt install python3-torch). The file is committed; run this only to change it.
"""

import torch
import torch.nn.functional as F

import reference

BATCH = 7
OUTPUTS = 5
OUTLIERS = [-1000.0, 1000.0, 0.0, 37.5, -42.0]


def case(outputs, loss, **inputs):
    """A loss of outputs, its gradient, and whatever else it was computed from."""
    outputs = outputs.clone().requires_grad_()
    value = loss(outputs)
    value.backward()
    return {"batch": outputs.shape[0], "outputs": outputs.flatten().tolist(), "loss": value.item(),
            "gradient": outputs.grad.flatten().tolist(), **inputs}


def regression(outputs, rows):
    def of(loss, **options):
        return case(outputs, lambda o: loss(o, rows, **options), rows=rows.flatten().tolist(), **options)

    return {
        "mean squared error": of(F.mse_loss),
        "huber 1": of(F.huber_loss, delta=1.0),
        "huber 0.25": of(F.huber_loss, delta=0.25),
    }


def several_labels(outputs):
    rows = (torch.rand(outputs.shape) < 0.4).double()
    rows[0] = torch.rand(outputs.shape[1])
    weights = torch.tensor([1.0, 2.5, 0.0, 4.0, 0.5])

    def of(loss, weights):
        return case(outputs, loss, rows=rows.flatten().tolist(), positive_weights=weights)

    return {
        "plain": of(lambda o: F.binary_cross_entropy_with_logits(o, rows), []),
        "weighted": of(lambda o: F.binary_cross_entropy_with_logits(o, rows, pos_weight=weights), weights.tolist()),
    }


def cross_entropy_on_labels(outputs):
    labels = torch.tensor([0, 4, 2, 2, 1, 3, 4])
    weights = torch.tensor([1.0, 0.25, 3.0, 0.0, 2.0])

    def of(class_weights, ignored, smoothing, used=labels):
        options = {"label_smoothing": smoothing}
        if class_weights is not None:
            options["weight"] = class_weights
        if ignored is not None:
            options["ignore_index"] = ignored
        return case(outputs, lambda o: F.cross_entropy(o, used, **options), labels=used.tolist(),
                    class_weights=[] if class_weights is None else class_weights.tolist(), ignored_class=ignored,
                    label_smoothing=smoothing)

    outside = labels.clone()
    outside[2] = -100
    return {
        "class weights": of(weights, None, 0.0),
        "class weights, smoothed": of(weights, None, 0.2),
        "an ignored class": of(None, 2, 0.0),
        "an ignored class, smoothed": of(None, 2, 0.1),
        "an ignored label that is no class": of(None, -100, 0.0, outside),
        "all": of(weights, 4, 0.3),
    }


def cross_entropy_on_probabilities(outputs):
    rows = torch.softmax(torch.randn(outputs.shape), 1)
    rows[1] = F.one_hot(torch.tensor(3), outputs.shape[1]).double()
    weights = torch.tensor([1.0, 0.25, 3.0, 0.0, 2.0])

    def of(class_weights, smoothing):
        return case(outputs, lambda o: F.cross_entropy(o, rows, weight=class_weights, label_smoothing=smoothing),
                    rows=rows.flatten().tolist(), label_smoothing=smoothing,
                    class_weights=[] if class_weights is None else class_weights.tolist())

    return {"plain": of(None, 0.0), "smoothed": of(None, 0.1), "class weights": of(weights, 0.0),
            "class weights, smoothed": of(weights, 0.2)}


def distillation(outputs):
    """Hinton et al. 2015 with PyTorch's divergence."""
    labels = torch.tensor([0, 4, 2, 2, 1, 3, 4])
    teacher = 3 * torch.randn(outputs.shape)

    def of(temperature, weight):
        def loss(o):
            soft = F.kl_div(F.log_softmax(o / temperature, 1), F.softmax(teacher / temperature, 1),
                            reduction="batchmean")
            return (1 - weight) * F.cross_entropy(o, labels) + weight * temperature ** 2 * soft

        return case(outputs, loss, labels=labels.tolist(), teacher=teacher.flatten().tolist(),
                    temperature=temperature, weight=weight)

    return {"T 4": of(4.0, 0.9), "T 1": of(1.0, 0.5), "the teacher alone": of(2.0, 1.0)}


if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(1)
    ordinary = 2 * torch.randn(BATCH, OUTPUTS)
    values = 2 * torch.randn(BATCH, OUTPUTS)
    extreme = ordinary.clone()
    extreme[3] = torch.tensor(OUTLIERS)
    reference.write("target_losses.json", {
        "regression": regression(ordinary, values),
        "regression with outliers": regression(extreme, values),
        "several labels": several_labels(extreme),
        "labels": cross_entropy_on_labels(ordinary),
        "probabilities": cross_entropy_on_probabilities(ordinary),
        "distillation": distillation(ordinary),
    })
