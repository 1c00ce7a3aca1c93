"""Checks weights between Lamina and PyTorch: check_weights.py CHECK PROGRAM, where CHECK is a function of this file and
PROGRAM is model_weights. Logits may differ by 1e-5 of the largest: float's rounding on the way through 38 layers was 4e-6
of it."""

import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy
    import torch
except ImportError as missing:
    print(f" skipped: {missing}")
    sys.exit()

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))
import convert_weights  # noqa: E402
import weight_files  # noqa: E402
from lamina_networks import NETWORKS, make_network  # noqa: E402

TOLERANCE = 1e-5


def run(program, *arguments):
    subprocess.run([program, *map(str, arguments)], check=True)


def deviation(found, expected):
    """The largest difference relative to the largest value; infinite where a value is none."""
    found, expected = numpy.asarray(found), numpy.asarray(expected)
    assert found.shape == expected.shape, (found.shape, expected.shape)
    worst = numpy.abs(found - expected).max() / numpy.abs(expected).max()
    return worst if numpy.isfinite(worst) else numpy.inf


def check_close(what, found, expected):
    worst = deviation(found, expected)
    print(f"{what}: logits differ by {worst:.1e}")
    assert worst <= TOLERANCE, what


def to_pytorch_layout(images):
    return torch.from_numpy(images).permute(0, 3, 1, 2)


@torch.no_grad()
def logits_of(network, images):
    return network(to_pytorch_layout(images)).numpy()


def to_pytorch(program, folder):
    for name in NETWORKS:
        run(program, "save", name, folder)
        ours = weight_files.read(folder / "run.safetensors")[0]
        convert_weights.convert(folder / "weights.safetensors", folder / "weights.pt", name)
        network = make_network(name)
        network.load_state_dict(torch.load(folder / "weights.pt"))
        network.eval()
        check_close(name, logits_of(network, ours["images"]), ours["logits"])
        # Would a mistake in the layout of the first weights be seen behind the last layer?
        network[0].weight.data.copy_(network[0].weight.data.transpose(2, 3).clone())
        assert deviation(logits_of(network, ours["images"]), ours["logits"]) > 100 * TOLERANCE, name


def eventful_network(name):
    """Weights and statistics that no layer starts with; see model_weights.cpp."""
    torch.manual_seed(1)
    network = make_network(name)
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_uniform_(module.weight, a=0.01)
        if isinstance(module, torch.nn.BatchNorm2d):
            for values, middle in ((module.weight, 1), (module.bias, 0), (module.running_mean, 0),
                                   (module.running_var, 1)):
                torch.nn.init.uniform_(values, middle - 0.25, middle + 0.25)
            module.num_batches_tracked.fill_(7)
    return network.eval()


def from_pytorch(program, folder):
    images = numpy.random.default_rng(1).standard_normal((4, 32, 32, 3)).astype(numpy.float32)
    weight_files.write(folder / "images.safetensors", {"images": images}, {})
    for name in NETWORKS:
        network = eventful_network(name)
        torch.save(network.state_dict(), folder / "weights.pt")
        plain = {key: value.numpy() for key, value in network.state_dict().items()}
        numpy.savez_compressed(folder / "plain.npz", **plain)
        weight_files.write(folder / "plain.safetensors", plain, {})  # with PyTorch's counters
        convert_weights.convert(folder / "weights.pt", folder / "weights.safetensors", name)
        convert_weights.convert(folder / "plain.npz", folder / "from_numpy.safetensors")
        for weights in ("weights.safetensors", "from_numpy.safetensors", "plain.safetensors"):
            run(program, "load", name, folder / weights, folder / "images.safetensors", folder / "run.safetensors")
            ours = weight_files.read(folder / "run.safetensors")[0]["logits"]
            check_close(f"{name}, {weights}", ours, logits_of(network, images))


def lenet_of_pytorch():
    """LeNet-5 as in model_weights.cpp."""
    torch.manual_seed(1)
    nn = torch.nn
    return nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(),
                         nn.AvgPool2d(2), nn.Flatten(), nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(),
                         nn.Linear(84, 10))


def lenet(program, folder):
    """Ours to PyTorch, from there back to us, and PyTorch's own to us."""
    run(program, "save", "lenet", folder)
    ours = weight_files.read(folder / "run.safetensors")[0]
    weights = weight_files.read(folder / "weights.safetensors")[0]
    network = lenet_of_pytorch()
    own = {key: value.numpy().copy() for key, value in network.state_dict().items()}
    network.load_state_dict({key: torch.from_numpy(array.copy()) for key, array in weights.items()})
    check_close("lenet, ours in PyTorch", logits_of(network, ours["images"]), ours["logits"])

    torch.save(network.state_dict(), folder / "weights.pt")
    back = {key: value.numpy() for key, value in torch.load(folder / "weights.pt").items()}
    weight_files.write(folder / "back.safetensors", back, {})
    run(program, "load", "lenet", folder / "back.safetensors", folder / "run.safetensors", folder / "again.safetensors")
    again = weight_files.read(folder / "again.safetensors")[0]["logits"]
    assert numpy.array_equal(again, ours["logits"]), "lenet: weights that went to PyTorch and back have changed"

    network.load_state_dict({key: torch.from_numpy(array) for key, array in own.items()})
    weight_files.write(folder / "own.safetensors", own, {})
    run(program, "load", "lenet", folder / "own.safetensors", folder / "run.safetensors", folder / "theirs.safetensors")
    found = weight_files.read(folder / "theirs.safetensors")[0]["logits"]
    check_close("lenet, PyTorch's with us", found, logits_of(network, ours["images"]))
    # Would a mistake in the order of the flattened values be seen behind the last layer?
    network[7].weight.data.copy_(network[7].weight.data.reshape(120, 16, 25).transpose(1, 2).reshape(120, 400).clone())
    assert deviation(found, logits_of(network, ours["images"])) > 100 * TOLERANCE


def onnx_evaluator():
    """evaluate(model, images) by onnx itself where it can, else by PyTorch."""
    try:
        from onnx.reference import ReferenceEvaluator
        return lambda model, images: ReferenceEvaluator(model).run(None, {"images": images.numpy()})[0]
    except ImportError:
        from onnx_in_torch import evaluate
        return evaluate


def to_onnx(program, folder):
    try:
        import onnx
    except ImportError as missing:
        print(f" skipped: {missing}")
        return
    evaluate = onnx_evaluator()
    for name in NETWORKS:
        run(program, "save", name, folder)
        ours = weight_files.read(folder / "run.safetensors")[0]
        convert_weights.convert(folder / "weights.safetensors", folder / "network.onnx")
        model = onnx.load(folder / "network.onnx")
        for count in (1, 4):
            found = evaluate(model, to_pytorch_layout(ours["images"][:count]))
            check_close(f"{name}, {count} images", found, ours["logits"][:count])


def own_onnx(program, folder):
    """What the example export_onnx writes of a network that no script knows."""
    try:
        import onnx
    except ImportError as missing:
        print(f" skipped: {missing}")
        return
    run(program, folder)
    ours = weight_files.read(folder / "lamina_export.safetensors")[0]
    model = onnx.load(folder / "lamina_export.onnx")
    onnx.checker.check_model(model, full_check=True)
    graph = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True).graph
    shape = [size.dim_param or size.dim_value for size in graph.output[0].type.tensor_type.shape.dim]
    assert shape == ["batch", 5], shape
    for count in (1, 2):
        found = onnx_evaluator()(model, to_pytorch_layout(ours["images"][:count].copy()))
        check_close(f"export_onnx, {count} images", found, ours["logits"][:count])


def round_trip(program, folder):
    for name in NETWORKS:
        run(program, "save", name, folder)
        original = folder / "weights.safetensors"
        arrays, metadata = weight_files.read(original)
        assert metadata["model"] == name and metadata["format"] == "pt", metadata
        assert weight_files.encode_safetensors(arrays, metadata) == original.read_bytes(), name
        path = original
        for suffix in (".npz", ".pt", ".safetensors", ".pth"):
            convert_weights.convert(path, folder / f"next{suffix}", name)
            path = folder / f"next{suffix}"
            found = convert_weights.without_counters(weight_files.read(path)[0])
            assert list(found) == list(arrays), path
            for key, array in arrays.items():
                assert found[key].dtype == array.dtype and found[key].shape == array.shape, (path, key)
                assert found[key].tobytes() == array.tobytes(), (path, key)


class RunsCode:
    """Makes a folder when it is read by a reader that trusts its file."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


def bad_files(folder):
    """Names of files that do not fit, the model that they should be of, and what is said."""
    good, metadata = weight_files.read(folder / "weights.safetensors")
    content = (folder / "weights.safetensors").read_bytes()
    (folder / "short.safetensors").write_bytes(content[:5000])
    (folder / "wrong_bit.safetensors").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    (folder / "text.npz").write_text("no archive")
    torch.save({"epoch": 3}, folder / "checkpoint.pt")
    torch.save({"0.weight": RunsCode(folder / "ran")}, folder / "code.pt")
    weight_files.write(folder / "weights.npz", good, {})
    weight_files.write(folder / "half.npz", {**good, "0.weight": good["0.weight"].astype(numpy.float16)}, {})
    weight_files.write(folder / "more.npz", {**good, "99.weight": good["0.weight"]}, {})
    weight_files.write(folder / "fewer.npz", {key: good[key] for key in good if key != "1.running_var"}, {})
    weight_files.write(folder / "shape.npz", {**good, "0.weight": good["0.weight"].transpose(2, 3, 1, 0)}, {})
    return [
        ("none.pt", None, "none.pt: cannot be read: No such file"),
        ("weights.bin", None, "weights.bin: expected a name that ends in .safetensors, .npz"),
        ("short.safetensors", None, "cannot be understood: is damaged: its checksum"),
        ("wrong_bit.safetensors", None, "cannot be understood: is damaged: its checksum"),
        ("text.npz", None, "text.npz: cannot be understood"),
        ("checkpoint.pt", None, "checkpoint.pt: cannot be understood: is no state_dict"),
        ("code.pt", None, "code.pt: cannot be understood"),
        ("half.npz", None, "half.npz: tensor '0.weight': expected float32 or float64, found float16"),
        ("more.npz", "vgg08", "more.npz: vgg08 has no tensor '99.weight'"),
        ("fewer.npz", "vgg08", "fewer.npz: tensor '1.running_var' of vgg08 is missing"),
        ("shape.npz", "vgg08", "shape.npz: tensor '0.weight': vgg08 has (32, 3, 3, 3), found (3, 3, 3, 32)"),
        ("weights.safetensors", "vgg38", "weights.safetensors: tensor '5.weight' of vgg38 is missing"),
        ("weights.npz", None, "weights.npz: does not say which network it is of; --model does: vgg08, "),
    ]


def refusal(source, target, model):
    """What convert() says against a file."""
    try:
        convert_weights.convert(source, target, model)
    except weight_files.WeightsError as error:
        return str(error)
    return "nothing"


def refusals(program, folder):
    run(program, "save", "vgg08", folder)
    for name, model, problem in bad_files(folder):
        for target in (folder / "out.onnx", *([] if name == "weights.npz" else [folder / "out.pt"])):
            said = refusal(folder / name, target, model)
            assert said.startswith(str(folder)) and problem in said and "\n" not in said, (problem, said)
            assert not target.exists(), name
    assert not (folder / "ran").exists()
    good = folder / "weights.safetensors"
    assert "out.txt: expected a name that ends in" in refusal(good, folder / "out.txt", None)
    assert "out.pt: cannot be written: No such file" in refusal(good, folder / "none" / "out.pt", None)
    outcomes = [
        ([good, folder / "out.pt"], 0, ""),
        ([folder / "none.pt", folder / "out.pt"], 1, f"{folder}/none.pt: cannot be read: No such file or directory\n"),
        ([good, folder / "out.pt", "--model", "vgg7"], 2, None),
    ]
    for arguments, status, said in outcomes:
        outcome = subprocess.run([sys.executable, "-B", SCRIPTS / "convert_weights.py", *arguments],
                                 stderr=subprocess.PIPE, text=True)
        assert outcome.returncode == status and said in (None, outcome.stderr), outcome


if __name__ == "__main__":
    torch.set_num_threads(2)
    with tempfile.TemporaryDirectory() as temporary:
        checks = (to_pytorch, from_pytorch, lenet, to_onnx, own_onnx, round_trip, refusals)
        {check.__name__: check for check in checks}[sys.argv[1]](sys.argv[2], pathlib.Path(temporary))
