"""Weights of a network in files: safetensors, NumPy's .npz and PyTorch's .pt or .pth. In memory they are a dictionary of
NumPy arrays under PyTorch's names and in PyTorch's layout, and metadata, a dictionary of texts. docs/weights.md has the
formats."""

import io
import json
import math
import os

import numpy

CHECKSUM_PREFIX = b'{"__metadata__":{"checksum":"'
CHECKSUM_DIGITS = 16
TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
         "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1"}


class WeightsError(Exception):
    """What is wrong with a file, in one line that begins with its path."""


def checksum(file):
    """FNV-1a with 64 bits of a file in which the digits of the checksum are zeros."""
    total = 14695981039346656037
    for byte in file:
        total = (total ^ byte) * 1099511628211 & 0xFFFFFFFFFFFFFFFF
    return b"%016x" % total


def with_zeros(file):
    """The file with zeros for the digits of its checksum, and those digits."""
    begin = 8 + len(CHECKSUM_PREFIX)
    end = begin + CHECKSUM_DIGITS
    return file[:begin] + b"0" * CHECKSUM_DIGITS + file[end:], file[begin:end]


def decode_safetensors(file):
    length = int.from_bytes(file[:8], "little")
    text, values = file[8:8 + length], file[8 + length:]
    if len(file) < 8 or len(text) < length:
        raise ValueError("is no safetensors file, or cut off")
    if text.startswith(CHECKSUM_PREFIX):
        zeroed, digits = with_zeros(file)
        if checksum(zeroed) != digits:
            raise ValueError("is damaged: its checksum is not that of its bytes")
    header = json.loads(text)
    metadata = header.pop("__metadata__", {})
    metadata.pop("checksum", None)
    arrays = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        kind = numpy.dtype(TYPES[entry["dtype"]])
        if end > len(values) or end - begin != kind.itemsize * math.prod(entry["shape"]):
            raise ValueError(f"tensor '{name}' does not lie where its shape puts it")
        arrays[name] = numpy.frombuffer(values[begin:end], kind).reshape(entry["shape"])
    return arrays, metadata


def encode_safetensors(arrays, metadata):
    """The same bytes as lamina::to_safetensors writes for the same content."""
    names = {numpy.dtype(kind): name for name, kind in TYPES.items()}
    header = {"__metadata__": {"checksum": "0" * CHECKSUM_DIGITS, **dict(sorted(metadata.items()))}}
    values = b""
    for name, array in arrays.items():
        content = array.tobytes()
        header[name] = {"dtype": names[array.dtype], "shape": list(array.shape),
                        "data_offsets": [len(values), len(values) + len(content)]}
        values += content
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    file = len(text).to_bytes(8, "little") + text + values
    begin = 8 + len(CHECKSUM_PREFIX)
    return file[:begin] + checksum(file) + file[begin + CHECKSUM_DIGITS:]


def decode_npz(file):
    with numpy.load(io.BytesIO(file), allow_pickle=False) as arrays:
        return dict(arrays), {}


def encode_npz(arrays, _metadata):
    file = io.BytesIO()
    numpy.savez(file, **arrays)
    return file.getvalue()


def decode_pytorch(file):
    import torch  # the other formats do without
    state = torch.load(io.BytesIO(file), map_location="cpu", weights_only=True)
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise ValueError("is no state_dict, which holds tensors and nothing else")
    return {name: value.detach().numpy() for name, value in state.items()}, {}


def encode_pytorch(arrays, _metadata):
    import torch
    file = io.BytesIO()
    torch.save({name: torch.from_numpy(numpy.array(array)) for name, array in arrays.items()}, file)
    return file.getvalue()


FORMATS = {".safetensors": (decode_safetensors, encode_safetensors), ".npz": (decode_npz, encode_npz),
           ".pt": (decode_pytorch, encode_pytorch), ".pth": (decode_pytorch, encode_pytorch)}


def read(path):
    """The arrays and the metadata of a file."""
    if path.suffix not in FORMATS:
        raise WeightsError(f"{path}: expected a name that ends in {', '.join(FORMATS)}")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        return FORMATS[path.suffix][0](content)
    except Exception as error:  # of damaged files the libraries say what they like
        reason = " ".join(str(error).split())
        raise WeightsError(f"{path}: cannot be understood: {reason}") from error


def write_bytes(path, content):
    """The whole file, or what was there before."""
    unfinished = path.with_name(path.name + ".part")
    try:
        with open(unfinished, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise WeightsError(f"{path}: cannot be written: {error.strerror}") from error


def write(path, arrays, metadata):
    write_bytes(path, FORMATS[path.suffix][1](arrays, metadata))
