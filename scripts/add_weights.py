#!/usr/bin/python3
"""Puts the best weights of finished runs of Table 1 into weights/ and lists them in its README.md:

    scripts/add_weights.py runs/table1/vgg38-bn-rc-lr-1e-2

A row that is listed already is replaced. Exit status: 0 done, 1 a run that does not fit, 2 wrong usage. Needs NumPy
(Debian: apt install python3-numpy, run with /usr/bin/python3).
"""

import argparse
import csv
import hashlib
import json
import pathlib
import re
import sys

import weight_files
from weight_files import WeightsError

WEIGHTS = pathlib.Path(__file__).resolve().parents[1] / "weights"
HEADER = "| row | test accuracy | sha256 | command |\n| --- | ---: | --- | --- |\n"
# What configurations have only where it is on, and the study has off.
OFF = ("weights_fingerprint", "extensions", "momentum", "nesterov", "no_decay_on_norms", "freeze", "warmup", "accumulate", "ema",
       "swa", "mixup", "cutout", "temperature", "teacher_weight", "teacher_fingerprint")
# What the study fixes, and so the command does not say.
STUDY = {"epochs": 100, "batch_size": 100, "optimizer": "adam", "schedule": "cosine_annealing", "min_lr": 2e-5,
         "weight_decay": 0.0, "label_smoothing": 0.0, "initialization": "default", "clip_norm": None, "seed": 0, "limit": None,
         **dict.fromkeys(OFF)}


def read_text(path):
    try:
        return path.read_text()
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read: {error.strerror}") from error


def flags_of(name):
    """The model and the learning rate in the name of a run's folder, vgg38-bn-lr-1e-2."""
    match = re.fullmatch(r"(vgg[0-9a-z-]+)-lr-([0-9.e-]+)", name)
    if not match:
        raise WeightsError(f"{name}: expected a folder with the name of a row, such as vgg38-bn-lr-1e-2")
    return match.groups()


def check_configuration(path, configuration, model, rate):
    for key, value in {**STUDY, "model": model, "lr": float(rate)}.items():
        found = configuration.get(key)
        if found != value:
            raise WeightsError(f"{path}: {key} is {json.dumps(found)}, expected {json.dumps(value)}")


def test_accuracy(run):
    path = run / "test_summary.csv"
    rows = list(csv.DictReader(read_text(path).splitlines()))
    if len(rows) != 1:
        raise WeightsError(f"{path}: expected one row, found {len(rows)}: the run is not finished")
    return float(rows[0]["test_acc"]), rows[0]["best_epoch"]


def row_of(run):
    """The line of the table for a run, and the file it is about."""
    name = run.resolve().name
    model, rate = flags_of(name)
    path = run / "best.safetensors"
    accuracy, best_epoch = test_accuracy(run)
    metadata = weight_files.read(path)[1]
    check_configuration(path, json.loads(metadata.get("configuration", "{}")), model, rate)
    if metadata.get("epoch") != best_epoch:
        raise WeightsError(f"{path}: is of epoch {metadata.get('epoch')}, and epoch {best_epoch} was tested")
    content = path.read_bytes()
    command = f"`train_cifar100 --model {model} --lr {rate} --out runs/{name}`"
    return name, f"| {name} | {100 * accuracy:.2f} | {hashlib.sha256(content).hexdigest()} | {command} |\n", content


def with_row(page, name, line):
    """The page with this line in its table, in the place of the one with that name."""
    begin = page.index(HEADER) + len(HEADER)
    end = page.index("\n\n", begin - 1) + 1
    rows = page[begin:end].splitlines(keepends=True)
    names = [row.split("|")[1].strip() for row in rows]
    if name in names:
        rows[names.index(name)] = line
    else:
        rows.append(line)
    return page[:begin] + "".join(rows) + page[end:]


def add(run, weights):
    name, line, content = row_of(run)
    page = weights / "README.md"
    text = with_row(read_text(page), name, line)
    weight_files.write_bytes(weights / f"{name}.safetensors", content)
    weight_files.write_bytes(page, text.encode())
    print(line, end="")


def main():
    parser = argparse.ArgumentParser(description="Puts the best weights of finished runs into weights/.")
    parser.add_argument("runs", nargs="+", type=pathlib.Path, metavar="RUN")
    parser.add_argument("--weights", type=pathlib.Path, default=WEIGHTS, help="the folder (default: that of this repository)")
    arguments = parser.parse_args()
    try:
        for run in arguments.runs:
            add(run, arguments.weights)
    except WeightsError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
