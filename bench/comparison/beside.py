"""The table of training steps beside other programs."""

import contextlib
import functools
import subprocess
import sys
import time

from .network_tables import Case, NAMES, batch_size, enough_steps, lamina, peer, time_step
from .session import median, milliseconds, print_table

SETTING = "eager-channels-last"
# Until a program that takes its steps for ever has begun them; PyTorch loads for seconds.
WARM_UP_SECONDS = {"lamina": 1, SETTING: 8}


@contextlib.contextmanager
def beside(command, seconds):
    """While a program runs, which is ended afterwards."""
    with subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL) as process:
        try:
            time.sleep(seconds)
            yield
        finally:
            process.kill()


def step_flags(session, case, steps):
    return ["--model", case.model, "--batch-size", case.batch, "--threads", session.arguments.threads, "--steps", steps]


def beside_table(session):
    """Each program alone, beside one that keeps a core busy, and beside another copy of itself."""
    programs = {"lamina": lamina(session), SETTING: peer(session, SETTING)}
    busy = [sys.executable, "-c", "while True: pass"]

    def row(model):
        case = Case("beside", model, "train", batch_size(session, model))

        def measure(name, situation, steps):
            step = functools.partial(time_step, session, programs[name], f"{name}, {situation}", case, steps)
            if situation == "alone":
                return step()
            company, seconds = (busy, 0.2) if situation == "busy" else (
                [*programs[name], *step_flags(session, case, 10**6)], WARM_UP_SECONDS[name])
            with beside(company, seconds):
                return step(expect_others=True)

        cells = [model, str(case.batch)]
        steps = enough_steps(session, programs["lamina"], case)
        results = session.alternate({(name, situation): functools.partial(measure, name, situation, steps)
                                     for name in programs for situation in ("alone", "busy", "two")})
        for name in programs:
            alone, *others = (median(results[name, situation], "step_ms_median")
                              for situation in ("alone", "busy", "two"))
            cells += [milliseconds(alone)]
            cells += [cell for other in others for cell in (milliseconds(other), f"{other / alone:.2f}")]
        return cells

    columns = [f"{NAMES.get(name, 'Lamina')} {what}" for name in programs
               for what in ("alone, ms", "beside a busy process, ms", "ratio", "two at once, ms", "ratio")]
    print_table(["network, training", "images", *columns], map(row, session.known_models))
