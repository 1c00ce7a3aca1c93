"""Times a training step or an inference of a network in PyTorch, ONNX Runtime or OpenVINO, in float, on random images,
and prints the line of JSON that bench_step prints for Lamina:

    PYTHON bench/peers.py --model vgg38-bn-rc --threads 2 --setting compile-channels-last

PYTHON is that of a virtual environment that bench/requirements.txt fills. A training step is forward, cross-entropy,
backward and Adam. Three steps go before those that are measured; torch.compile compiles in the first.
"""

import argparse
import importlib.metadata
import json
import os
import pathlib
import resource
import statistics
import sys
import time

WARM_UP = 3
TORCH_SETTINGS = ["eager-nchw", "eager-channels-last", "compile-nchw", "compile-channels-last"]
SETTINGS = [*TORCH_SETTINGS, "onnxruntime", "openvino"]
PACKAGES = {"PyTorch": "torch", "ONNX Runtime": "onnxruntime", "OpenVINO": "openvino"}


def positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be positive, got {text}")
    return value


def parse_arguments():
    parser = argparse.ArgumentParser(description="Times a step of a network in PyTorch, ONNX Runtime or OpenVINO.")
    parser.add_argument("--versions", action="store_true", help="print the version of each library, and nothing else")
    parser.add_argument("--model")
    parser.add_argument("--setting", choices=SETTINGS, default="eager-channels-last")
    parser.add_argument("--mode", choices=["train", "infer"], default="train")
    parser.add_argument("--batch-size", type=positive, default=100)
    parser.add_argument("--threads", type=positive, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--steps", type=positive, default=10)
    parser.add_argument("--exports", type=pathlib.Path, metavar="FOLDER",
                        help="keep the ONNX files of networks here, and take those that are there")
    arguments = parser.parse_args()
    if not arguments.versions and arguments.model is None:
        parser.error("--model is missing")
    if arguments.mode == "train" and arguments.setting not in TORCH_SETTINGS:
        parser.error(f"{arguments.setting} does not train")
    return arguments


def versions():
    """Without importing the libraries, which takes seconds."""
    return {name: importlib.metadata.version(package) for name, package in PACKAGES.items()}


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


def measure(arguments):
    if arguments.setting in TORCH_SETTINGS:
        import peer_torch as peer
    else:
        import peer_onnx as peer
    step, parameters, multiply_adds = peer.prepare(arguments)
    times = time_steps(step, arguments.steps)
    median = statistics.median(times)
    # Backward has twice the products of forward: one for the data, one for the weights.
    operations = (6 if arguments.mode == "train" else 2) * multiply_adds * arguments.batch_size
    return {
        "model": arguments.model,
        "mode": arguments.mode,
        "batch_size": arguments.batch_size,
        "threads": arguments.threads,
        "setting": arguments.setting,
        "parameters": parameters,
        "step_ms_median": median,
        "step_ms_min": min(times),
        "images_per_second": arguments.batch_size / median * 1e3,
        "gflops_effective": operations / median / 1e6,
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
    }


def main():
    arguments = parse_arguments()
    try:
        print(json.dumps(versions() if arguments.versions else measure(arguments)))
    except (ImportError, importlib.metadata.PackageNotFoundError) as error:
        sys.exit(f"peers.py: {sys.executable} lacks what bench/requirements.txt lists: {error}")


if __name__ == "__main__":
    main()
