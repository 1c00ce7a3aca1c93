"""Checks the scripts around the folder weights/: check_listing.py CHECK PROGRAM..., where CHECK is a function of this file
and the programs are train_cifar100, cmake and model_weights."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

try:
    import numpy
except ImportError as missing:
    print(f" skipped: {missing}")
    sys.exit()

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SCRIPTS = ROOT / "scripts"
sys.path.insert(0, str(SCRIPTS))
import add_weights  # noqa: E402
import weight_files  # noqa: E402


def write_images(path, count, seed):
    """Records of CIFAR-100 with images that no two are alike, and all classes as often."""
    random = numpy.random.default_rng(seed)
    records = random.integers(0, 256, (count, 2 + 3072), numpy.uint8)
    records[:, 0] = 0
    records[:, 1] = numpy.arange(count) % 100
    records.tofile(path)


def write_run(run, rate=0.01, accuracy="0.5718", tested_epoch="93", **others):
    """A finished run as far as add_weights.py looks at it."""
    run.mkdir(parents=True, exist_ok=True)
    configuration = {**add_weights.STUDY, "model": "vgg38-bn", "lr": rate, **others}
    weights = {"0.weight": numpy.arange(6, dtype=numpy.float32)}
    weight_files.write(run / "best.safetensors", weights, {"configuration": json.dumps(configuration), "epoch": "93"})
    (run / "test_summary.csv").write_text(f"test_loss,test_acc,best_epoch\n1.75,{accuracy},{tested_epoch}\n")


def write_listing(folder):
    (folder / "README.md").write_text(f"# Weights\n\n{add_weights.HEADER}\nAnd so on.\n")


def refusal(run, weights):
    """What add() says of a run, which must change nothing."""
    before = {path: path.read_bytes() for path in weights.iterdir()}
    try:
        add_weights.add(run, weights)
    except weight_files.WeightsError as error:
        assert {path: path.read_bytes() for path in weights.iterdir()} == before
        return str(error)
    raise AssertionError(f"{run} was taken")


def added_rows_are_listed(_program, cmake, _model_weights, folder):
    weights = folder / "weights"
    weights.mkdir()
    write_listing(weights)
    for name in ("vgg38-bn-lr-1e-2", "vgg38-bn-lr-0.01"):
        write_run(folder / name)
        add_weights.add(folder / name, weights)
    write_run(folder / "vgg38-bn-lr-1e-2", accuracy="0.5")
    add_weights.add(folder / "vgg38-bn-lr-1e-2", weights)
    page = (weights / "README.md").read_text()
    assert page.count("\n| vgg38-bn-lr-") == 2 and page.endswith(" |\n\nAnd so on.\n"), page
    assert "\n| vgg38-bn-lr-1e-2 | 50.00 | " in page, page
    assert "`train_cifar100 --model vgg38-bn --lr 1e-2 --out runs/vgg38-bn-lr-1e-2`" in page, page
    subprocess.run([cmake, "-D", f"FOLDER={weights}", "-P", HERE / "check_checksums.cmake"], check=True)


def runs_that_do_not_fit_are_refused(_program, _cmake, _model_weights, folder):
    weights = folder / "weights"
    weights.mkdir()
    write_listing(weights)
    run = folder / "vgg38-bn-lr-1e-2"
    write_run(run, rate=0.1)
    assert "lr is 0.1, expected 0.01" in refusal(run, weights)
    write_run(run, weights_fingerprint="00000000000000ff")
    assert 'weights_fingerprint is "00000000000000ff", expected null' in refusal(run, weights)
    write_run(run, extensions=[{"epochs": 50, "steps": 23750}])
    assert 'extensions is [{"epochs": 50' in refusal(run, weights)
    for recipe in ({"schedule": "one_cycle"}, {"momentum": 0.9}, {"ema": 0.999}, {"mixup": 0.2}, {"accumulate": 2}):
        write_run(run, **recipe)
        assert f"{list(recipe)[0]} is " in refusal(run, weights)
    write_run(run, tested_epoch="92")
    assert "is of epoch 93, and epoch 92 was tested" in refusal(run, weights)
    (run / "test_summary.csv").write_text("test_loss,test_acc,best_epoch\n")
    assert "the run is not finished" in refusal(run, weights)
    write_run(folder / "mine")
    assert "expected a folder with the name of a row" in refusal(folder / "mine", weights)


def write_measurable(program, model_weights, folder, images):
    """A file as a run writes it, with weights that let images reach the logits: those of a short run hardly do."""
    flags = ["--epochs", "1", "--batch-size", "50", "--threads", "1", "--no-progress", "--data", images]
    subprocess.run([program, "--model", "vgg38-bn-rc", *flags, "--out", folder / "run"], check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run([model_weights, "save", "vgg38-bn-rc", folder], check=True)
    metadata = weight_files.read(folder / "run" / "best.safetensors")[1]
    weight_files.write(folder / "best.safetensors", weight_files.read(folder / "weights.safetensors")[0], metadata)
    return folder / "best.safetensors"


def pytorch_measures_what_we_measure(program, _cmake, model_weights, folder):
    try:
        import evaluate_weights
    except ImportError as missing:
        print(f" skipped: {missing}")
        return
    images = folder / "images"
    images.mkdir()
    write_images(images / "train.bin", 1000, 1)
    write_images(images / "test.bin", 200, 2)
    weights = write_measurable(program, model_weights, folder, images)
    ours = subprocess.run([program, "--eval", weights, "--data", images], check=True, stdout=subprocess.PIPE,
                          text=True).stdout
    theirs = evaluate_weights.evaluate(weights, images)
    print(ours + theirs)
    loss, accuracies = re.fullmatch(r"loss ([0-9.]+), (.*)", ours.strip()).groups()
    their_loss, their_accuracies = re.fullmatch(r"loss ([0-9.]+), (.*)", theirs).groups()
    assert accuracies == their_accuracies
    # Logits may differ by 1e-5 of the largest (check_weights.py), and so the loss, which has four digits behind the point.
    assert abs(float(loss) - float(their_loss)) <= 1e-4 * max(1, float(loss))


def main():
    with tempfile.TemporaryDirectory() as folder:
        globals()[sys.argv[1]](*sys.argv[2:], pathlib.Path(folder))


if __name__ == "__main__":
    main()
