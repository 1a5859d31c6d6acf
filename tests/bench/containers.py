#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The same weights in other files, by Python alone; the same every time.

usage: containers.py MODEL FOLDER

MODEL is an F32 safetensors. Into FOLDER go the same tensors as npz, pt, onnx
and gguf, and as safetensors with other metadata (edited), in another order
(reordered), and with 64 more rows of its first matrix (rows). Prints what the
rows take."""

import json
import os
import pickle
import random
import struct
import sys
import types
import zipfile
from collections import OrderedDict


def read(path):
    with open(path, "rb") as f:
        length, = struct.unpack("<Q", f.read(8))
        head = json.loads(f.read(length))
        start = 8 + length
        head.pop("__metadata__", None)
        out = OrderedDict()
        for name, t in sorted(head.items(),
                              key=lambda t: t[1]["data_offsets"]):
            assert t["dtype"] == "F32"
            begin, end = t["data_offsets"]
            f.seek(start + begin)
            out[name] = tuple(t["shape"]), f.read(end - begin)
    return out


def safetensors(path, tensors, metadata=None):
    head, at = {}, 0
    if metadata:
        head["__metadata__"] = metadata
    for name, (shape, data) in tensors.items():
        head[name] = {"dtype": "F32", "shape": shape,
                      "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(head, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for _, data in tensors.values():
            f.write(data)


def member(z, name, data):
    z.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)


def npz(path, tensors):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as z:
        for name, (shape, data) in tensors.items():
            head = ("{'descr': '<f4', 'fortran_order': False, 'shape': %r, }"
                    % (shape,)).encode()
            head += b" " * (-(len(head) + 11) % 64) + b"\n"
            member(z, name + ".npy", b"\x93NUMPY\1\0" +
                   struct.pack("<H", len(head)) + head + data)


def stand_in(module, name):
    """A name that the pickle below can refer to; torch is not needed."""
    for i in range(1, module.count(".") + 2):
        part = ".".join(module.split(".")[:i])
        sys.modules.setdefault(part, types.ModuleType(part))
    made = type(name, (), {"__module__": module})
    setattr(sys.modules[module], name, made)
    return made


def pt(path, tensors):
    storage_class = stand_in("torch", "FloatStorage")
    rebuild = stand_in("torch._utils", "_rebuild_tensor_v2")

    class Storage:
        def __init__(self, key, count):
            self.key, self.count = key, count

    class Tensor:
        def __init__(self, *args):
            self.args = args

        def __reduce__(self):
            return rebuild, self.args

    class Pickler(pickle.Pickler):
        def persistent_id(self, thing):
            if isinstance(thing, Storage):
                return ("storage", storage_class, thing.key, "cpu",
                        thing.count)
            return None

    state, storages = OrderedDict(), []
    for i, (name, (shape, data)) in enumerate(tensors.items()):
        stride, step = [], 1
        for n in reversed(shape):
            stride.insert(0, step)
            step *= n
        storages.append(data)
        state[name] = Tensor(Storage(str(i), len(data) // 4), 0, shape,
                             tuple(stride), False, OrderedDict())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as z:
        class Out:
            text = b""

            def write(self, data):
                Out.text += bytes(data)

        Pickler(Out(), 2).dump(state)
        member(z, "model/data.pkl", Out.text)
        member(z, "model/byteorder", b"little")
        for i, data in enumerate(storages):
            # As torch does: an extra field that puts the data at 64 bytes.
            info = zipfile.ZipInfo("model/data/%d" % i, (1980, 1, 1, 0, 0, 0))
            at = z.fp.tell() + 30 + len(info.filename)
            pad = -(at + 4) % 64
            info.extra = struct.pack("<HH", 0x4246, pad) + b"Z" * pad
            z.writestr(info, data)
        member(z, "model/version", b"3\n")


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def field(number, data):
    if isinstance(data, int):
        return varint(number << 3) + varint(data)
    return varint(number << 3 | 2) + varint(len(data)) + data


def onnx(path, tensors):
    graph = field(2, b"weights")
    for name, (shape, data) in tensors.items():
        graph += field(5, b"".join(field(1, n) for n in shape) + field(2, 1) +
                       field(8, name.encode()) + field(9, data))
    with open(path, "wb") as f:
        f.write(field(1, 8) + field(7, graph) +
                field(8, field(1, b"") + field(2, 17)))


def gguf(path, tensors):
    head, at = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), 0), 0
    for name, (shape, data) in tensors.items():
        head += struct.pack("<Q", len(name)) + name.encode()
        head += struct.pack("<I", len(shape))
        head += struct.pack("<%dQ" % len(shape), *reversed(shape))
        head += struct.pack("<IQ", 0, at)
        at += len(data) + -len(data) % 32
    with open(path, "wb") as f:
        f.write(head + bytes(-len(head) % 32))
        for _, data in tensors.values():
            f.write(data + bytes(-len(data) % 32))


def main():
    model, folder = sys.argv[1:]
    tensors = read(model)
    shuffled = list(tensors.items())
    random.Random(1).shuffle(shuffled)
    name = next(n for n, (shape, _) in tensors.items() if len(shape) == 2)
    (rows, width), data = tensors[name]
    more = OrderedDict(tensors)
    added = random.Random(2).randbytes(64 * width * 4)
    # Next to the ones there, as new rows are: the same exponents.
    added = bytes(a if i % 4 < 2 else b for i, (a, b) in
                  enumerate(zip(added, data[:len(added)])))
    more[name] = (rows + 64, width), data + added
    os.makedirs(folder, exist_ok=True)
    for write in (npz, pt, onnx, gguf):
        write(os.path.join(folder, "m." + write.__name__), tensors)
    safetensors(os.path.join(folder, "edited.safetensors"), tensors,
                {"note": "trained again", "step": "200"})
    safetensors(os.path.join(folder, "reordered.safetensors"),
                OrderedDict(shuffled))
    safetensors(os.path.join(folder, "rows.safetensors"), more)
    print(len(added))


main()
