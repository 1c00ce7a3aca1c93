#!/usr/bin/python3
"""Times a training step or an inference of one of the five networks in PyTorch, on random images, and prints the line of
JSON that bench_step prints for Lamina:

    bench/pytorch_step.py --model vgg38-bn-rc --threads 2

A training step is forward, cross-entropy, backward and Adam. Two steps go before those that are measured. Needs PyTorch
(Debian: apt install python3-torch, run with /usr/bin/python3).
"""

import argparse
import json
import os
import pathlib
import resource
import statistics
import sys
import time

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "scripts"))
from lamina_networks import BLOCKS, vgg  # noqa: E402

WARM_UP = 2


def positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be positive, got {text}")
    return value


def parse_arguments():
    parser = argparse.ArgumentParser(description="Times a step of a VGG network in PyTorch.")
    parser.add_argument("--model", required=True, choices=list(BLOCKS))
    parser.add_argument("--batch-size", type=positive, default=100)
    parser.add_argument("--threads", type=positive, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--steps", type=positive, default=10)
    parser.add_argument("--mode", choices=["train", "infer"], default="train")
    parser.add_argument("--channels-last", action="store_true", help="NHWC, as in Lamina, in place of PyTorch's NCHW")
    return parser.parse_args()


def training_step(network, images, labels):
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)

    def step():
        optimizer.zero_grad(set_to_none=True)
        torch.nn.functional.cross_entropy(network(images), labels).backward()
        optimizer.step()

    return step


def inference(network, images):
    network.eval()

    def step():
        with torch.inference_mode():
            network(images)

    return step


def time_steps(step, count):
    """Milliseconds of each step."""
    for _ in range(WARM_UP):
        step()
    times = []
    for _ in range(count):
        start = time.perf_counter()
        step()
        times.append((time.perf_counter() - start) * 1e3)
    return times


def multiply_adds(network, image):
    """Products of one image's forward pass, by direct convolution."""
    counts = []

    def count(module, _, output):
        counts.append(output[0].numel() * module.weight[0].numel())

    counted = [m for m in network.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]
    hooks = [module.register_forward_hook(count) for module in counted]
    with torch.no_grad():
        network.eval()(image)
    network.train()
    for hook in hooks:
        hook.remove()
    return sum(counts)


def main():
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    layout = torch.channels_last if arguments.channels_last else torch.contiguous_format
    network = vgg(arguments.model).to(memory_format=layout)
    images = torch.randn(arguments.batch_size, 3, 32, 32).contiguous(memory_format=layout)
    labels = torch.randint(100, (arguments.batch_size,))
    operations = 2 * multiply_adds(network, images[:1]) * arguments.batch_size
    if arguments.mode == "train":
        # Backward has twice the products of forward: one for the data, one for the weights.
        operations *= 3
        step = training_step(network, images, labels)
    else:
        step = inference(network, images)
    times = time_steps(step, arguments.steps)
    median = statistics.median(times)
    print(json.dumps({
        "model": arguments.model,
        "mode": arguments.mode,
        "batch_size": arguments.batch_size,
        "threads": arguments.threads,
        "parameters": sum(p.numel() for p in network.parameters()),
        "step_ms_median": median,
        "step_ms_min": min(times),
        "images_per_second": arguments.batch_size / median * 1e3,
        "gflops_effective": operations / median / 1e6,
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
    }))


if __name__ == "__main__":
    main()
