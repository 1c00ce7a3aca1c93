"""Running programs, keeping what they print, and printing tables of it."""

import functools
import json
import os
import platform
import re
import resource
import statistics
import subprocess
import sys
import time


# Cores that other programs take while one is measured, beyond which its figures are doubtful.
OTHER_LOAD = 0.1


class Session:
    """One run of bench/compare: its arguments, and every line of JSON that a program has printed."""

    def __init__(self, arguments, exports):
        """@param exports  folder for ONNX files"""
        self.arguments = arguments
        self.exports = exports
        self.figures = []

    @functools.cached_property
    def known_models(self):
        """Those of --models that the build has."""
        return [model for model in self.arguments.models if knows(self.arguments.build, model)]

    def program(self, name):
        """Where a program lies, or None when it was not built."""
        path = self.arguments.build / "bench" / name
        if path.is_file():
            return path
        warn(f"without {name}, which was not built")
        return None

    def run(self, command, threads, expect_others=False, **labels):
        """The lines of JSON that a program prints, which uses so many threads. Labels tell figures of --json apart."""
        text, others = beside_others(lambda: output(command, threads))
        lines = [json.loads(line) for line in text.splitlines()]
        self.figures += [labels | line | {"other_load": others} for line in lines]
        if others > OTHER_LOAD and not expect_others:
            warn(f"{' '.join(map(str, labels.values()))}: other programs took {others:.1f} cores meanwhile")
        return lines

    def alternate(self, measurements):
        """The results of every measurement, one a round, under the measurement's name."""
        rounds = [{name: measure() for name, measure in measurements.items()} for _ in range(self.arguments.rounds)]
        return {name: [results[name] for results in rounds] for name in measurements}


def knows(build, model):
    """Whether a build has a network of that name."""
    command = [str(build / "bench" / "bench_step"), "--model", model, "--mode", "infer", "--batch-size", "1",
               "--steps", "1"]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode not in (0, 2):
        raise subprocess.CalledProcessError(result.returncode, command, stderr=result.stderr)
    return result.returncode == 0


def output(command, threads):
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
    words = [str(word) for word in command]
    return subprocess.run(words, check=True, capture_output=True, env=environment, text=True).stdout


def beside_others(work):
    """What `work` returns, which runs programs, and how many cores all others took meanwhile, where Linux tells."""
    def of_machine():
        try:
            with open("/proc/stat", encoding="utf-8") as file:
                user, nice, system, _, _, *interrupts = map(int, file.readline().split()[1:9])
            return sum((user, nice, system, *interrupts)) / os.sysconf("SC_CLK_TCK")
        except OSError:
            return 0

    def of_children():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    start, others = time.monotonic(), of_machine() - of_children()
    result = work()
    return result, (of_machine() - of_children() - others) / (time.monotonic() - start)


def last_line(text):
    return (text.strip().splitlines() or ["(it says nothing)"])[-1]


def failure(error):
    """A line about a program that ended badly, with the last error it names: torch.compile has advice behind it."""
    text = error.stderr or ""
    errors = [line for line in text.splitlines() if re.match(r"[\w.]*(Error|Exception|Exc)\b", line)]
    return f"{' '.join(error.cmd)} ended with status {error.returncode}: {errors[-1] if errors else last_line(text)}"


def warn(message):
    print(f"compare: {message}", file=sys.stderr, flush=True)


def median(runs, key):
    return statistics.median(run[key] for run in runs)


def print_table(header, rows, text_columns=()):
    """Rows appear as soon as they are measured."""
    marks = ["---" if i == 0 or name in text_columns else "---:" for i, name in enumerate(header)]
    print("| " + " | ".join(header) + " |\n| " + " | ".join(marks) + " |", flush=True)
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)
    print(flush=True)


def milliseconds(value):
    """With three digits, but no more than three behind the point."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.{2 if value >= 1 else 3}f}"


def processor():
    """Its name, and what else Linux says of it where the name is no more than a brand."""
    try:
        lines = open("/proc/cpuinfo", encoding="utf-8").read().split("\n\n")[0].splitlines()
    except OSError:
        lines = []
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    name = facts.get("model name") or platform.processor() or platform.machine()
    if "cpu family" in facts:
        name += f" (family {facts['cpu family']}, model {facts['model']})"
    flags = facts.get("flags", "").split()
    widest = next((text for flag, text in (("avx512f", ", AVX-512"), ("avx2", ", AVX2")) if flag in flags), "")
    return f"{name}{widest}, {len(os.sched_getaffinity(0))} cores"
