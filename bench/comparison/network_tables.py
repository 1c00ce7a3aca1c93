"""Tables of networks: Lamina beside its peers, beside dlib, and beside another build of itself."""

import math
import pathlib
import statistics
import subprocess
import sys
from typing import NamedTuple

from .session import failure, knows, median, milliseconds, print_table, warn

BENCH = pathlib.Path(__file__).resolve().parent.parent
STUDY = ["vgg08", "vgg38", "vgg38-bn", "vgg38-rc", "vgg38-bn-rc"]
MODELS = [*STUDY, "resnet20", "vgg11-bn", "lenet5", "mlp", "densenet-bc-40-12", "separable"]
ALL_MODELS = [*MODELS, "resnet32", "resnet56", "resnet110", "se-resnet20", "wide-resnet-16-4"]
DLIB_MODELS = ["vgg08", "vgg38-bn-rc"]
BATCH_SIZES = {"lenet5": 64}
WITHOUT_LAYOUT = ["mlp"]
MOST_STEPS = 1000

# The settings of peers.py, those of each library together.
PYTORCH = ["eager-nchw", "eager-channels-last", "compile-nchw", "compile-channels-last"]
PEERS = {"train": {"PyTorch": PYTORCH},
         "infer": {"PyTorch": PYTORCH, "ONNX Runtime": ["onnxruntime"], "OpenVINO": ["openvino"]}}
NAMES = {"onnxruntime": "ONNX Runtime", "openvino": "OpenVINO"} | {name: f"PyTorch {name}" for name in PYTORCH}


class Case(NamedTuple):
    """What the programs of one row do."""

    table: str
    model: str
    mode: str
    batch: int


def batch_size(session, model):
    return session.arguments.batch_size or BATCH_SIZES.get(model, 100)


def time_step(session, program, name, case, steps, threads=None, expect_others=False):
    """The line of JSON of a program with the flags of bench_step. Others may be running on purpose."""
    threads = threads or session.arguments.threads
    flags = ["--model", case.model, "--mode", case.mode, "--batch-size", case.batch, "--threads", threads,
             "--steps", steps]
    return session.run([*program, *flags], threads, expect_others, table=case.table, network=case.model,
                       program=name)[-1]


def lamina(session):
    return [session.arguments.build / "bench" / "bench_step"]


def peer(session, setting):
    return [session.arguments.peers, BENCH / "peers.py", "--exports", session.exports, "--setting", setting]


def enough_steps(session, program, case):
    """As many steps as a program does in the seconds that a measurement is to take, and not less than --steps."""
    least = session.arguments.steps
    line = time_step(session, program, "to count steps", case, least)
    return min(max(least, math.ceil(session.arguments.seconds * 1e3 / line["step_ms_median"])), MOST_STEPS)


def first_round(session, programs, case, steps):
    """A run of each program, by name. Peers that fail are left out, and said so."""
    runs = {}
    for name, program in programs.items():
        try:
            runs[name] = [time_step(session, program, name, case, steps)]
        except subprocess.CalledProcessError as error:
            if name == "lamina":
                raise
            warn(f"without {NAMES[name]} for {case.model}: {failure(error)}")
    if len({run["parameters"] for (run,) in runs.values()}) > 1:
        sys.exit(f"compare: {case.model} has not the same number of parameters in all libraries")
    return runs


def best(runs, settings, count):
    """The names of the fastest of some settings."""
    measured = [setting for setting in settings if setting in runs]
    return sorted(measured, key=lambda setting: median(runs[setting], "step_ms_median"))[:count]


def contest(session, case):
    """The runs of Lamina and of the two best settings of each peer, by name. One round tells which they are."""
    libraries = PEERS[case.mode].values()
    settings = [setting for library in libraries for setting in library
                if not (case.model in WITHOUT_LAYOUT and setting.endswith("channels-last"))]
    programs = {"lamina": lamina(session)} if case.model in session.known_models else {}
    programs |= {setting: peer(session, setting) for setting in settings}
    steps = enough_steps(session, next(iter(programs.values())), case)
    runs = first_round(session, programs, case, steps)
    finalists = [name for library in [["lamina"], *libraries] for name in best(runs, library, 2)]
    for _ in range(session.arguments.rounds - 1):
        for name in finalists:
            runs[name].append(time_step(session, programs[name], name, case, steps))
    return {name: runs[name] for name in finalists}


def peer_table(session, table, title, mode, size):
    """@param size  the number of images in a step, of a model"""
    libraries = PEERS[mode]
    columns = [library for library in libraries if len(libraries) > 1]

    def row(model):
        runs = contest(session, Case(table, model, mode, size(model)))
        times = {name: median(lines, "step_ms_median") for name, lines in runs.items()}
        ours = times.get("lamina")
        winner = next(iter(best(runs, NAMES, 1)), None)
        cells = [model, str(size(model)), milliseconds(ours) if ours else "",
                 milliseconds(times[winner]) if winner else "", NAMES.get(winner, ""),
                 f"{times[winner] / ours:.2f}" if winner and ours else ""]
        for library in columns:
            fastest = next(iter(best(runs, libraries[library], 1)), None)
            cells.append(milliseconds(times[fastest]) if fastest else "")
        rate = f"{size(model) / ours * 1e3:.0f}" if ours else ""
        return [*cells, rate, *(f"{median(runs[name], 'peak_rss_mb'):.0f}" if name in runs else ""
                                for name in ("lamina", winner))]

    print_table([f"network, {title}", "images", "Lamina, ms", "best peer, ms", "best peer", "best peer / Lamina",
                 *(f"{library}, ms" for library in columns), "Lamina, images/s", "Lamina, MB", "best peer, MB"],
                map(row, session.arguments.models), text_columns=["best peer"])


def training_table(session):
    peer_table(session, "training", "training", "train", lambda model: batch_size(session, model))


def inference_table(session):
    peer_table(session, "inference", "inference of a batch", "infer", lambda model: batch_size(session, model))


def batch_1_table(session):
    peer_table(session, "batch-1", "inference of one image", "infer", lambda model: 1)


def dlib_table(session):
    if (path := session.program("dlib_vgg")) is None:
        return

    def row(model):
        case = Case("dlib", model, "train", batch_size(session, model))
        programs = {"lamina": lamina(session), "dlib": [path]}
        runs = session.alternate({name: lambda program=program, name=name:
                                  time_step(session, program, name, case, session.arguments.steps)
                                  for name, program in programs.items()})
        ours, theirs = (median(runs[name], "step_ms_median") for name in programs)
        return [model, milliseconds(ours), milliseconds(theirs), f"{theirs / ours:.2f}",
                *(f"{median(runs[name], 'peak_rss_mb'):.0f}" for name in programs)]

    print_table(["network, training", "Lamina, ms", "dlib, ms", "dlib / Lamina", "Lamina, MB", "dlib, MB"],
                (row(model) for model in session.known_models if model in DLIB_MODELS))


def baseline_table(session):
    """Both builds in turn. The ratio is the median of the rounds' ratios, which slow changes of the machine spare."""
    other = session.arguments.baseline

    def row(model, mode, batch):
        case = Case("baseline", model, mode, batch)
        steps = enough_steps(session, lamina(session), case)
        programs = {"baseline": [other / "bench" / "bench_step"], "lamina": lamina(session)}
        runs = session.alternate({name: lambda program=program, name=name:
                                  time_step(session, program, name, case, steps)
                                  for name, program in programs.items()})
        ratios = [before["step_ms_median"] / now["step_ms_median"]
                  for before, now in zip(runs["baseline"], runs["lamina"])]
        return [model, {"train": "training", "infer": "inference"}[mode], str(batch),
                *(milliseconds(median(runs[name], "step_ms_median")) for name in programs),
                f"{statistics.median(ratios):.2f}", f"{min(ratios):.2f} to {max(ratios):.2f}"]

    both = [model for model in session.known_models if knows(other, model)]
    print_table(["network", "mode", "images", "baseline, ms", "Lamina, ms", "baseline / Lamina", "rounds"],
                (row(model, mode, batch) for model in both
                 for mode, batch in (("train", batch_size(session, model)), ("infer", batch_size(session, model)),
                                     ("infer", 1))), text_columns=["mode"])
