"""Inference in ONNX Runtime and OpenVINO, for peers.py."""

import pathlib
import subprocess
import sys
import tempfile

import numpy

BENCH = pathlib.Path(__file__).resolve().parent


def onnxruntime_step(model, images, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    inputs = {session.get_inputs()[0].name: images}
    return lambda: session.run(None, inputs)[0]


def openvino_step(model, images, threads):
    import openvino

    core = openvino.Core()
    properties = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    request = core.compile_model(core.read_model(model), "CPU", properties).create_infer_request()
    inputs = {0: images}
    return lambda: request.infer(inputs, share_inputs=True, share_outputs=True)[0]


STEPS = {"onnxruntime": onnxruntime_step, "openvino": openvino_step}


def exported(model, batch_size, folder):
    """What peer_export.py writes, which is done once in a folder."""
    path = pathlib.Path(folder) / f"{model}-{batch_size}.npz"
    if not path.is_file():
        command = [sys.executable, BENCH / "peer_export.py", model, str(batch_size), path]
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode != 0:
            raise RuntimeError(f"{result.stderr}\nthe export of {model} ended with status {result.returncode}")
    with numpy.load(path) as file:
        return dict(file)


def prepare(arguments):
    """The step to time, the network's number of parameters, and the multiply-adds of an image."""
    with tempfile.TemporaryDirectory() as folder:
        network = exported(arguments.model, arguments.batch_size, arguments.exports or folder)
    step = STEPS[arguments.setting](network["onnx"].tobytes(), network["images"], arguments.threads)
    numpy.testing.assert_allclose(step(), network["expected"], rtol=1e-3, atol=1e-3)
    return step, int(network["parameters"]), int(network["multiply_adds"])
