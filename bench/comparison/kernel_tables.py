"""Tables of single kernels, of threads and of the machine."""

import functools
import json
import statistics

from .network_tables import Case, batch_size, lamina, time_step
from .session import median, output, print_table


def convolution_table(session):
    paths = {"Lamina": session.program("convolution_step"), "oneDNN": session.program("onednn_convolution")}
    if not all(paths.values()):
        return

    def measure(path):
        """Milliseconds of each pass, by side and pass."""
        arguments = session.arguments
        lines = session.run([path, 4 * arguments.steps], arguments.threads, table="convolution")
        times = {(line["side"], line["pass"]): line["ms_median"] for line in lines}
        for side in {side for side, _ in times}:
            if (side, "backward") in times:  # Lamina's kernel forms both gradients
                times[side, "backward_data"] = times[side, "backward"] - times[side, "backward_weights"]
            times[side, "all"] = sum(times[side, name] for name in ("forward", "backward_data", "backward_weights"))
        return times

    results = session.alternate({name: functools.partial(measure, path) for name, path in paths.items()})
    names = {"forward": "forward", "backward_data": "backward, data", "backward_weights": "backward, weights",
             "all": "all three"}

    def row(side, key):
        ours, theirs = (median(results[library], (side, key)) for library in paths)
        return [f"{side}x{side}, {names[key]}", f"{ours:.2f}", f"{theirs:.2f}", f"{theirs / ours:.2f}"]

    print_table(["convolution", "Lamina, ms", "oneDNN, ms", "oneDNN / Lamina"],
                (row(side, key) for side in (32, 16, 8) for key in names))


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
