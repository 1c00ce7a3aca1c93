"""Tables of single kernels, of threads and of the machine."""

import functools
import json
import statistics

from .network_tables import Case, batch_size, lamina, time_step
from .session import median, output, print_table


PASSES = {"forward": "forward", "backward_data": "backward, data", "backward_weights": "backward, weights",
          "all": "all three"}
ALGORITHMS = {"onednn": "oneDNN direct", "onednn, Winograd": "oneDNN Winograd"}


def convolution_times(session, path):
    """Milliseconds by library, side and pass, of a program that times convolutions."""
    arguments = session.arguments
    lines = session.run([path, 4 * arguments.steps], arguments.threads, table="convolution")
    times = {(line["library"], line["side"], line["pass"]): line["ms_median"] for line in lines}
    for library, side in {(library, side) for library, side, _ in times}:
        if (library, side, "backward") in times:  # Lamina's kernel forms both gradients
            weights = times[library, side, "backward_weights"]
            times[library, side, "backward_data"] = times[library, side, "backward"] - weights
        passes = [times.get((library, side, name)) for name in PASSES if name != "all"]
        if None not in passes:
            times[library, side, "all"] = sum(passes)
    return times


def convolution_table(session):
    paths = [session.program("convolution_step"), session.program("onednn_convolution")]
    if not all(paths):
        return
    results = session.alternate({path: functools.partial(convolution_times, session, path) for path in paths})
    ours, theirs = (results[path] for path in paths)

    def row(side, name):
        time = median(ours, ("lamina", side, name))
        peers = [median(theirs, (library, side, name)) if (library, side, name) in theirs[0] else None
                 for library in ALGORITHMS]
        best = min(filter(None, peers))
        return [f"{side}x{side}, {PASSES[name]}", f"{time:.2f}", *(f"{peer:.2f}" if peer else "" for peer in peers),
                f"{best / time:.2f}"]

    print_table(["convolution", "Lamina, ms", *(f"{name}, ms" for name in ALGORITHMS.values()), "best / Lamina"],
                (row(side, name) for side in (32, 16, 8) for name in PASSES))


def micro(session, path, name, counter):
    """A counter of a microbenchmark, None where `micro` was not built or has no such benchmark."""
    if path is None:
        return None
    command = [path, f"--benchmark_filter=^{name}/real_time$", "--benchmark_format=json"]
    text = output(command, session.arguments.threads)
    if not text.strip():
        return None
    benchmark = json.loads(text)["benchmarks"][0]
    session.figures.append({"table": "machine"} | benchmark)
    return benchmark[counter]


def threads_table(session):
    threads = session.arguments.threads
    peak_of_machine = functools.partial(micro, session, session.program("micro"), f"fma_peak/threads:{threads}", "FLOP")

    def row(model, mode):
        case = Case("threads", model, mode, batch_size(session, model))
        step = functools.partial(time_step, session, lamina(session), "lamina", case, session.arguments.steps)

        results = session.alternate({"one": functools.partial(step, 1), "peak": peak_of_machine,
                                     "all": functools.partial(step, threads)})
        one, team = (median(results[name], "step_ms_median") for name in ("one", "all"))
        gflops = median(results["all"], "gflops_effective")
        cells = [f"{model}, {mode}", f"{one:.1f}", f"{team:.1f}", f"{one / team:.2f}", f"{gflops:.0f}"]
        if None in results["peak"]:
            return cells + ["", ""]
        peak = statistics.median(results["peak"]) / 1e9
        return cells + [f"{peak:.0f}", f"{gflops / peak:.2f}"]

    print_table(["network", "1 thread, ms", f"{threads} threads, ms", "ratio", "effective GFLOP/s",
                 "FMA peak, GFLOP/s", "ratio"],
                (row(model, mode) for model in session.known_models for mode in ("train", "infer")))


def machine_table(session):
    path = session.program("micro")

    def row(label, name, counter, unit):
        values = [micro(session, path, name, counter) for _ in range(session.arguments.rounds)]
        return [label, "" if None in values else f"{statistics.median(values) / unit:.2f}"]

    team = f"threads:{session.arguments.threads}"
    print_table(["machine, and what prepares a batch", f"{session.arguments.threads} threads"],
                (row(*spec) for spec in (("multiply-adds, GFLOP/s", f"fma_peak/{team}", "FLOP", 1e9),
                                         ("reading memory, GB/s", f"read_memory/MiB:256/{team}", "byte", 1e9),
                                         ("copying memory, GB/s", f"copy_memory/MiB:256/{team}", "byte", 1e9),
                                         ("loader, ms for 100 images", "loader_batch", "real_time", 1e6))))
