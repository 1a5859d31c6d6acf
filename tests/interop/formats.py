#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What `git model inspect --tensors --json` says of files that numpy,
safetensors, onnx, pyarrow and torch wrote, beside what they say themselves:
names, types, shapes, and the SHA-256 of each tensor's bytes. Then the same of
damaged copies: whatever both can read must be the same. TAP."""

import hashlib
import io
import json
import os
import random
import subprocess
import sys
import tarfile
import zipfile

GIT_MODEL, FOLDER, WHAT = sys.argv[1:4]
DAMAGES = int(os.environ.get("DAMAGES", "200"))
count = failed = 0


def tap(ok, name, why=""):
    global count, failed
    count += 1
    failed += not ok
    print("%s %d - %s" % ("ok" if ok else "not ok", count, name))
    for line in str(why).splitlines() if not ok else []:
        print("# " + line)


def sha(data):
    return hashlib.sha256(data).hexdigest()


def inspect(path):
    """name -> (dtype, shape, sha256, stride), or None when refused."""
    done = subprocess.run([GIT_MODEL, "inspect", "--tensors", "--json", path],
                          capture_output=True)
    if done.returncode not in (0, 128):
        raise SystemExit("Bail out! exit status %d of %s"
                         % (done.returncode, path))
    if done.returncode:
        return None
    out = json.loads(done.stdout)
    return {t["name"]: (t["dtype"], tuple(t["shape"]), t.get("sha256"),
                        t.get("stride")) for t in out["tensors"]}


TYPES = {"float32": "F32", "float64": "F64", "float16": "F16", "int64": "I64",
         "int32": "I32", "int16": "I16", "int8": "I8", "uint8": "U8",
         "bool": "BOOL", "bfloat16": "BF16", "complex64": "C64",
         "complex128": "C128", "uint16": "U16", "uint32": "U32",
         "uint64": "U64"}


def of_array(a):
    return (TYPES[str(a.dtype)], a.shape, sha(a.tobytes()), None)


def same(ours, theirs):
    return ours is not None and ours == theirs


def damaged(path, read, name, step):
    """Each damage to a copy: where both read it, both must say the same."""
    whole = open(path, "rb").read()
    rnd = random.Random(7)
    both = ours_only = 0
    copy = path + ".damaged"
    for i in range(DAMAGES):
        data = bytearray(whole)
        for _ in range(1 + i % 3):
            data[rnd.randrange(min(len(data), step))] ^= 1 << rnd.randrange(8)
        if i % 10 == 9:
            del data[rnd.randrange(len(data)):]
        open(copy, "wb").write(data)
        ours = inspect(copy)
        try:
            theirs = read(copy)
        except Exception:
            theirs = None
        if ours is None or theirs is None:
            ours_only += ours is not None and bool(ours)
            continue
        both += 1
        if ours != theirs:
            keep = "%s.%d" % (copy, i)
            os.rename(copy, keep)
            tap(False, name + ", damaged", "%s\n%r\n%r" % (keep, ours, theirs))
            return
    tap(True, "%s, damaged %d times: %d read by both, %d by us alone"
        % (name, DAMAGES, both, ours_only))


def weights():
    import numpy as np
    rnd = np.random.default_rng(3)
    return {"layer.%d.w" % i: np.asarray(rnd.standard_normal(shape) * 50, kind)
            for i, (shape, kind) in enumerate(
                [((64, 40), "<f4"), ((3, 5, 7), "<f2"), ((100,), "<i8"),
                 ((9, 1), "<f8"), ((), "<i4"), ((0, 4), "<f4"),
                 ((7,), "<u1"), ((2, 2), "<i2"), ((33,), "?")])}


# -- by whom ------------------------------------------------------------------

def with_numpy(path):
    import numpy as np
    w = weights()

    def read(p):
        z = np.load(p, allow_pickle=False)
        return {k: of_array(z[k]) for k in z.files}
    np.savez(path("a.npz"), **w)
    tap(same(inspect(path("a.npz")), read(path("a.npz"))), "numpy: npz")
    np.savez_compressed(path("c.npz"), **w)
    ours, theirs = inspect(path("c.npz")), read(path("c.npz"))
    tap(ours.keys() == theirs.keys() and all(
        ours[k][:2] == theirs[k][:2] and ours[k][2] is None for k in ours),
        "numpy: npz, compressed")
    damaged(path("a.npz"), read, "numpy: npz", 500)


def with_safetensors(path):
    import safetensors.numpy as st
    st.save_file(weights(), path("a.safetensors"))

    def read(p):
        return {k: of_array(v) for k, v in st.load_file(p).items()}

    def ours():
        # an empty tensor at the very end of the header has an offset, too
        return inspect(path("a.safetensors"))
    tap(same(ours(), read(path("a.safetensors"))), "safetensors")
    damaged(path("a.safetensors"), read, "safetensors", 700)


def with_onnx(path):
    import onnx
    from onnx import helper, numpy_helper
    inits = [numpy_helper.from_array(v, k) for k, v in weights().items()]
    graph = helper.make_graph([], "g", [], [], initializer=inits)
    model = helper.make_model(graph, producer_name="interop")
    onnx.save(model, path("a.onnx"))

    def read(p):
        return {t.name: of_array(numpy_helper.to_array(t))
                for t in onnx.load(p).graph.initializer}

    def but_empty(d):
        # no field, no place
        return d and {k: v[:2] if 0 in v[1] else v for k, v in d.items()}
    tap(same(but_empty(inspect(path("a.onnx"))),
             but_empty(read(path("a.onnx")))), "onnx")
    onnx.save(model, path("e.onnx"), save_as_external_data=True,
              location="e.bin", size_threshold=0)
    out = json.loads(subprocess.run(
        [GIT_MODEL, "inspect", "--json", path("e.onnx")],
        capture_output=True, check=True).stdout)
    data = open(path("e.bin"), "rb").read()
    theirs = read(path("e.onnx"))
    tap(all(sha(data[t["offset"]:t["offset"] + t["size"]]) ==
            theirs[t["name"]][2] and t["file"] == "e.bin"
            for t in out["tensors"]), "onnx: external data")


def with_pyarrow(path):
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    n = 5000
    table = pa.table({"id": np.arange(n), "x": np.random.default_rng(1)
                      .random(n), "word": ["w%d" % (i % 9) for i in range(n)],
                      "nested": [{"a": i, "b": [i, i + 1]} for i in range(n)]})
    for codec in ("none", "snappy", "zstd", "gzip"):
        p = path(codec + ".parquet")
        pq.write_table(table, p, compression=codec, row_group_size=1500)
        meta = pq.read_metadata(p)
        theirs = {}
        for g in range(meta.num_row_groups):
            for c in range(meta.num_columns):
                col = meta.row_group(g).column(c)
                begin = col.data_page_offset
                if col.has_dictionary_page:
                    begin = min(begin, col.dictionary_page_offset)
                theirs["%d/%s" % (g, col.path_in_schema)] = (
                    begin, col.total_compressed_size, col.num_values)
        out = json.loads(subprocess.run(
            [GIT_MODEL, "inspect", "--json", p],
            capture_output=True, check=True).stdout)
        ours = {t["name"]: (t["offset"], t["size"], t["shape"][0])
                for t in out["tensors"]}
        rows = {m["name"]: m["value"] for m in out["metadata"]}["rows"]
        tap(ours == theirs and int(rows) == n, "pyarrow: parquet, " + codec,
            "%r\n%r" % (ours, theirs))


def with_tarfile(path):
    import numpy as np
    rnd = random.Random(5)
    for kind in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        p = path("a%d.tar" % kind)
        theirs = {}
        with tarfile.open(p, "w", format=kind) as t:
            for i in range(30):
                name = "d%d/" % i * (i if kind else i % 9) + "f.bin"
                data = rnd.randbytes(rnd.randrange(1, 3000))
                info = tarfile.TarInfo(name)
                info.size = len(data)
                t.addfile(info, io.BytesIO(data))
                theirs[name] = ("FILE", (), sha(data), None)
            for k, v in weights().items():
                b = io.BytesIO()
                np.save(b, v)
                info = tarfile.TarInfo(k + ".npy")
                info.size = len(b.getvalue())
                t.addfile(info, io.BytesIO(b.getvalue()))
                theirs[k] = of_array(v)
        tap(same(inspect(p), theirs), "tarfile: format %d" % kind)


def with_zipfile(path):
    rnd = random.Random(6)
    with zipfile.ZipFile(path("a.zip"), "w") as z:
        for i in range(20):
            z.writestr("d/f%d" % i, rnd.randbytes(rnd.randrange(1, 3000)))

    def read(p):
        z = zipfile.ZipFile(p)
        if z.testzip():
            return None
        return {i.filename: ("FILE", (), sha(z.read(i)), None)
                for i in z.infolist()}
    tap(same(inspect(path("a.zip")), read(path("a.zip"))), "zipfile")
    damaged(path("a.zip"), read, "zipfile", 10 ** 9)


def with_torch(path):
    import torch

    def flat(prefix, v, out):
        if isinstance(v, torch.Tensor):
            # bytes from the first element to the last, as they lie
            s = v.untyped_storage() if hasattr(v, "untyped_storage") else \
                v.storage()._untyped() if hasattr(v.storage(), "_untyped") \
                else v.storage().untyped()
            size = v.element_size()
            begin = v.storage_offset() * size
            n = (sum((a - 1) * b for a, b in zip(v.shape, v.stride())) + 1) \
                * size if 0 not in v.shape else 0
            data = bytes(s[begin:begin + n]) if n else b""
            kind = TYPES[str(v.dtype)[6:]]
            stride = None if v.is_contiguous() else list(v.stride())
            out[prefix] = (kind, tuple(v.shape), sha(data), stride)
        elif isinstance(v, dict):
            for k, x in v.items():
                flat("%s.%s" % (prefix, k) if prefix else str(k), x, out)
        elif isinstance(v, (list, tuple)):
            for i, x in enumerate(v):
                flat("%s.%d" % (prefix, i) if prefix else str(i), x, out)
        return out

    base = torch.randn(40, 30)
    model = torch.nn.Sequential(torch.nn.Linear(20, 30), torch.nn.Tanh(),
                                torch.nn.Linear(30, 4))
    adam = torch.optim.Adam(model.parameters())
    model(torch.randn(5, 20)).sum().backward()
    adam.step()
    cases = {
        "state": model.state_dict(),
        "checkpoint": {"epoch": 4, "model": model.state_dict(),
                       "optimizer": adam.state_dict(), "best": None},
        "views": {"base": base, "part": base[3:17], "turned": base.t(),
                  "column": base[:, 4], "scalar": base[2, 3],
                  "empty": base[:0]},
        "types": {str(t)[6:]: torch.ones(7).to(t) for t in
                  (torch.float64, torch.float16, torch.bfloat16, torch.int64,
                   torch.int32, torch.int16, torch.int8, torch.uint8,
                   torch.bool, torch.complex64)},
        "list": [torch.ones(3), (torch.zeros(2), {"x": torch.ones(1)})],
    }
    for name, what in cases.items():
        for protocol in (2, 4):
            p = path("%s-%d.pt" % (name, protocol))
            torch.save(what, p, pickle_protocol=protocol)
            ours, theirs = inspect(p), flat("", what, {})
            tap(same(ours, theirs), "torch: %s, protocol %d"
                % (name, protocol), "%r\n%r" % (ours, theirs))

    def read(p):
        return flat("", torch.load(p, weights_only=True), {})
    damaged(path("state-2.pt"), read, "torch: state", 700)


def main():
    os.makedirs(FOLDER, exist_ok=True)
    for what in WHAT.split():
        globals()["with_" + what](lambda f: os.path.join(FOLDER, f))
    print("1..%d" % count)
    return 1 if failed else 0


sys.exit(main())
