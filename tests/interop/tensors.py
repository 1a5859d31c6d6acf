#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What `git model diff --tensors --json` says of pairs of files, beside what
numpy says of the same numbers in double. TAP."""

import json
import math
import subprocess
import sys

import numpy as np
from safetensors.numpy import save_file

GIT_MODEL, FOLDER = sys.argv[1:3]
count = failed = 0


def tap(ok, name, why=""):
    global count, failed
    count += 1
    failed += not ok
    print("%s %d - %s" % ("ok" if ok else "not ok", count, name))
    if not ok:
        print("# " + str(why))


def diff(a, b):
    out = subprocess.run([GIT_MODEL, "diff", "--tensors", "--json", a, b],
                         capture_output=True, check=True, cwd=FOLDER).stdout
    return json.loads(out)


def near(x, y, name):
    if x is None:
        return not math.isfinite(y)
    return math.isclose(x, y, rel_tol=1e-9, abs_tol=1e-12)


def want(a, b):
    """The same in numpy, in double, over pairs of finite numbers."""
    bits = {1: "u1", 2: "u2", 4: "u4", 8: "u8"}[a.dtype.itemsize]
    changed = int((a.view(bits) != b.view(bits)).sum())
    x, y = a.astype("f8").ravel(), b.astype("f8").ravel()
    both = np.isfinite(x) & np.isfinite(y)
    odd = [int(f(v).sum()) for f in (np.isnan, np.isinf) for v in (x, y)]
    x, y = x[both], y[both]
    d = y - x
    with np.errstate(all="ignore"):
        return {"elements": a.size, "changed": changed,
                "max_abs": float(np.abs(d).max()) if d.size else 0.0,
                "mean_abs": float(np.abs(d).mean()) if d.size else math.nan,
                "relative_l2": float(np.linalg.norm(d) / np.linalg.norm(x))
                if d.any() else 0.0,
                "cosine": float(np.dot(x, y) / (np.linalg.norm(x) *
                                                np.linalg.norm(y))),
                "old_nan": odd[0], "new_nan": odd[1], "old_inf": odd[2],
                "new_inf": odd[3]}


rng = np.random.default_rng(7)
FLOATS = ["f2", "f4", "f8"]
INTS = ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]
old, new = {}, {}
for kind in FLOATS:
    for n in (1, 7, 2048, 2049, 300001):
        x = rng.standard_normal(n).astype(kind)
        y = (x + rng.standard_normal(n) * 0.01).astype(kind)
        old["%s.%d" % (kind, n)], new["%s.%d" % (kind, n)] = x, y
    x, y = x.copy(), x.copy()
    x[::1000], y[::999], y[::1001] = np.nan, np.inf, -np.inf
    y[5] += 1
    old[kind + ".odd"], new[kind + ".odd"] = x, y
for kind in INTS:
    info = np.iinfo(kind)
    # 53 bits: beyond, numpy's double is not what is exact
    low, high = max(info.min, -2**50), min(info.max, 2**50)
    x = rng.integers(low, high, 5000, dtype=kind, endpoint=True)
    y = x.copy()
    y[::3] = rng.integers(low, high, len(y[::3]), dtype=kind, endpoint=True)
    old[kind + ".5000"], new[kind + ".5000"] = x, y
save_file(old, FOLDER + "/old.safetensors")
save_file(new, FOLDER + "/new.safetensors")
got = {t["name"]: t for t in diff("old.safetensors",
                                  "new.safetensors")["tensors"]}
for name in old:
    if np.array_equal(old[name], new[name]):
        tap(name not in got, name + " is the same")
        continue
    w, g = want(old[name], new[name]), got[name]["numbers"]
    bad = [k for k in w if not near(g[k], w[k], k)]
    tap(not bad, name, [(k, g[k], w[k]) for k in bad])

# One tensor out, as numpy reads it.
for name in old:
    out = subprocess.run(["sh", "-c", 'git add old.safetensors >/dev/null && '
                          '"$0" cat --tensor "$1" --npy old.safetensors '
                          '>one.npy', GIT_MODEL, name], cwd=FOLDER)
    one = np.load(FOLDER + "/one.npy") if not out.returncode else None
    tap(one is not None and one.dtype == old[name].dtype and
        one.tobytes() == old[name].tobytes(), "cat --npy " + name)

print("1..%d" % count)
sys.exit(failed > 0)
