#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A second decoder of stores, written from docs/format alone and sharing no
line with the first: slow, whole packs in memory, every record decoded and
named by its bytes. It takes nothing from an index; what one says is compared.

usage: decode-store.py STORE [OUT]

Prints "<oid> <size> <chunks>" for each content of the store, sorted, and
writes the contents into the folder OUT, named by their oids. Ends with 1, and
says why, at the first byte that is not as the pages say. zstd frames and
XXH3 come from their libraries; BLAKE3 is below, because Python has none."""

import ctypes
import ctypes.util
import hashlib
import os
import struct
import sys

CHUNK_MAX = 262144
RECIPE_MAX = 67108864
CHUNK, RECIPE, WHOLE = 1, 2, 3


class Damage(Exception):
    pass


def need(true, what):
    if not true:
        raise Damage(what)


# -- libraries ---------------------------------------------------------------

zstd = ctypes.CDLL(ctypes.util.find_library("zstd") or "libzstd.so.1")
zstd.ZSTD_decompress.restype = ctypes.c_size_t
zstd.ZSTD_decompress.argtypes = [ctypes.c_char_p, ctypes.c_size_t,
                                 ctypes.c_char_p, ctypes.c_size_t]
zstd.ZSTD_findFrameCompressedSize.restype = ctypes.c_size_t
zstd.ZSTD_findFrameCompressedSize.argtypes = [ctypes.c_char_p,
                                              ctypes.c_size_t]
xxhash = ctypes.CDLL(ctypes.util.find_library("xxhash") or "libxxhash.so.0")
xxhash.XXH3_64bits_withSeed.restype = ctypes.c_uint64
xxhash.XXH3_64bits_withSeed.argtypes = [ctypes.c_char_p, ctypes.c_size_t,
                                        ctypes.c_uint64]


def xxh3(data, seed):
    return xxhash.XXH3_64bits_withSeed(data, len(data), seed)


def frame(data, length):
    """Exactly one zstd frame, which decodes to exactly `length` bytes."""
    need(data[:4] == b"\x28\xb5\x2f\xfd", "not a zstd frame")
    need(zstd.ZSTD_findFrameCompressedSize(data, len(data)) == len(data),
         "more or less than one zstd frame")
    out = ctypes.create_string_buffer(length + 1)
    got = zstd.ZSTD_decompress(out, length, data, len(data))
    need(got == length, "a zstd frame of another length")
    return out.raw[:length]


# -- BLAKE3 (the paper's section 2) ------------------------------------------

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A,
      0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
ORDER = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
MIX = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
       (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))
START, END, PARENT, ROOT = 1, 2, 4, 8
M32 = 0xFFFFFFFF


def compress(cv, block, counter, length, flags):
    m = struct.unpack("<16I", block.ljust(64, b"\0"))
    v = list(cv) + [IV[0], IV[1], IV[2], IV[3],
                    counter & M32, counter >> 32, length, flags]
    for turn in range(7):
        for i, (a, b, c, d) in enumerate(MIX):
            x, y, z, w = v[a], v[b], v[c], v[d]
            x = (x + y + m[2 * i]) & M32
            w ^= x
            w = (w >> 16 | w << 16) & M32
            z = (z + w) & M32
            y ^= z
            y = (y >> 12 | y << 20) & M32
            x = (x + y + m[2 * i + 1]) & M32
            w ^= x
            w = (w >> 8 | w << 24) & M32
            z = (z + w) & M32
            y ^= z
            y = (y >> 7 | y << 25) & M32
            v[a], v[b], v[c], v[d] = x, y, z, w
        if turn < 6:
            m = [m[i] for i in ORDER]
    return [v[i] ^ v[i + 8] for i in range(8)]


def leaf(data, number, root):
    cv = IV
    for at in range(0, max(len(data), 1), 64):
        block = data[at:at + 64]
        last = at + 64 >= len(data)
        cv = compress(cv, block, number, len(block),
                      (START if at == 0 else 0) |
                      (END | root if last else 0))
    return cv


def tree(data, first, root):
    if len(data) <= 1024:
        return leaf(data, first, root)
    left = 1024
    while left * 2 < len(data):
        left *= 2
    a = tree(data[:left], first, 0)
    b = tree(data[left:], first + left // 1024, 0)
    return compress(IV, struct.pack("<16I", *a, *b), 0, 64, PARENT | root)


def blake3(data):
    return struct.pack("<8I", *tree(data, 0, ROOT))


# -- codecs (docs/format/codecs.md) ------------------------------------------

# kind: width, how far a number was rotated to the left, is it bf16
KINDS = {1: (2, 0, False), 2: (2, 0, True), 3: (4, 0, False),
         4: (4, 1, False), 5: (8, 0, False), 6: (8, 4, False)}


class Reader:
    """What is stored, from front to back, and nothing may be left over."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        piece = self.data[self.at:self.at + count]
        need(len(piece) == count, "stored bytes that are cut off")
        self.at += count
        return piece

    def words(self, count):
        return struct.unpack("<%dI" % count, self.take(4 * count))

    def plane(self, word, n):
        size, how = word & 0xFFFFFF, word >> 24
        piece = self.take(size)
        need(how in (0, 1), "a plane stored in an unknown way")
        out = piece if how == 0 else frame(piece, n)
        need(len(out) == n, "a plane of another length")
        return out

    def rest(self, count):
        out = self.take(count)
        need(self.at == len(self.data), "stored bytes that are left over")
        return out


def counted(length, width, phase):
    """How many numbers, and how many bytes behind the last."""
    need(phase < width, "a phase that is none")
    need(length >= phase + width, "numbers of nothing")
    return divmod(length - phase, width)


def planes(stored, param, length):
    kind, phase = param & 15, param >> 4
    need(kind in KINDS, "planes of an unknown kind")
    width, rotation, bf16 = KINDS[kind]
    n, rest = counted(length, width, phase)
    r = Reader(stored)
    head = r.words(width)
    before = r.take(phase)
    plane = [r.plane(word, n) for word in head]
    after = r.rest(rest)
    out = bytearray(before)
    mask = (1 << 8 * width) - 1
    for i in range(n):
        if bf16:
            low = plane[1][i]
            v = (low & 128) << 8 | plane[0][i] << 7 | low & 127
        else:
            v = sum(plane[k][i] << 8 * k for k in range(width))
            v = (v >> rotation | v << 8 * width - rotation) & mask
        out += v.to_bytes(width, "little")
    return bytes(out + after)


# kind of number: width, lowest and number of the exponent's bits (0: none)
NUMBERS = {1: (2, 0, 0), 2: (2, 7, 8), 3: (4, 0, 0), 4: (4, 23, 8),
           5: (8, 0, 0), 6: (8, 52, 11), 7: (2, 10, 5), 8: (1, 0, 0),
           9: (1, 3, 4)}


class Numbers:
    """The numbers of a chunk that leans on another one."""

    def __init__(self, byte, length):
        self.kind, self.phase = byte & 15, byte >> 4
        need(self.kind in NUMBERS, "numbers of an unknown kind")
        self.width, self.low, self.bits = NUMBERS[self.kind]
        self.n, self.rest = counted(length, self.width, self.phase)
        self.mask = (1 << 8 * self.width) - 1
        self.top = 1 << 8 * self.width - 1

    def of(self, data):
        end = self.phase + self.n * self.width
        return [int.from_bytes(data[i:i + self.width], "little")
                for i in range(self.phase, end, self.width)]

    def place(self, v):
        if not self.bits:
            return v
        return v ^ self.mask if v & self.top else v | self.top

    def at_place(self, o):
        if not self.bits:
            return o
        return o ^ self.top if o & self.top else o ^ self.mask

    def add(self, v, z):
        d = z >> 1 ^ (self.mask if z & 1 else 0)
        return self.at_place((self.place(v) + d) & self.mask)

    def exponent(self, v):
        return v >> self.low & (1 << self.bits) - 1

    def planes(self, r, head, count):
        plane = [r.plane(word, count) for word in head]
        return [sum(p[i] << 8 * k for k, p in enumerate(plane))
                for i in range(count)]

    def bytes(self, before, numbers, after):
        return before + b"".join(v.to_bytes(self.width, "little")
                                 for v in numbers) + after


def delta(stored, base):
    r = Reader(stored)
    r.take(32)
    numbers, order = Numbers(r.take(1)[0], len(base)), r.take(1)[0]
    need(order in (0, 1), "a delta in an unknown order")
    need(order == 0 or numbers.bits, "integers sorted by exponent")
    head = r.words(numbers.width)
    before = r.take(numbers.phase)
    z = numbers.planes(r, head, numbers.n)
    after = r.rest(numbers.rest)
    old = numbers.of(base)
    where = list(range(numbers.n))
    if order:
        where.sort(key=lambda i: numbers.exponent(old[i]))
    new = old[:]
    for i, d in zip(where, z):
        new[i] = numbers.add(old[i], d)
    return numbers.bytes(before, new, after)


def sparse(stored, base):
    r = Reader(stored)
    r.take(32)
    numbers = Numbers(r.take(1)[0], len(base))
    m, (p,) = int.from_bytes(r.take(3), "little"), r.words(1)
    need(m <= numbers.n, "more numbers than there are")
    need(p <= 3 * m and numbers.width * m + p <= CHUNK_MAX,
         "positions that are too long")
    head = r.words(1 + numbers.width)
    before = r.take(numbers.phase)
    positions = r.plane(head[0], p)
    z = numbers.planes(r, head[1:], m)
    after = r.rest(numbers.rest)
    new, at, i = numbers.of(base), 0, 0
    for d in z:
        skip, shift = 0, 0
        while True:
            need(i < p and shift < 21, "a position that does not end")
            skip |= (positions[i] & 127) << shift
            shift += 7
            i += 1
            if not positions[i - 1] & 128:
                break
        at += skip
        need(at < numbers.n, "a position behind the end")
        new[at] = numbers.add(new[at], d)
        at += 1
    need(i == p, "positions that are left over")
    return numbers.bytes(before, new, after)


def decode(codec, param, stored, length):
    if codec == 0:
        need(param == 0, "raw with a parameter")
        need(len(stored) == length, "raw of another length")
        return stored
    if codec == 1:
        need(param == 0, "zstd with a parameter")
        return frame(stored, length)
    if codec == 2:
        return planes(stored, param, length)
    raise Damage("codec %d is not known" % codec)


# -- packs (docs/format/pack.md) ---------------------------------------------

def records(path):
    """(offset, kind, codec, param, length, stored) of each record."""
    with open(path, "rb") as f:
        data = f.read()
    need(len(data) >= 64, "a pack that is too short")
    need(data[:16] == b"MVPK\2\2" + bytes(10), "not the head of a pack")
    end, at, headers = len(data) - 48, 16, []
    while at < end:
        head = data[at:at + 20]
        need(at + 20 <= end, "a record that is cut off")
        kind, codec, param, zero, length, size, sum_ = struct.unpack(
            "<BBBBIIQ", head)
        stored = data[at + 20:at + 20 + size]
        need(at + 20 + size <= end, "a record that is cut off")
        need(kind in (CHUNK, RECIPE, WHOLE), "a record of unknown kind")
        need(zero == 0, "a record whose zero is none")
        need(1 <= length <= (RECIPE_MAX if kind == RECIPE else CHUNK_MAX),
             "a record of an impossible length")
        need(size <= length, "a record that is longer than what it holds")
        need(kind != RECIPE or (codec == param == 0 and size == length),
             "a recipe that is encoded")
        need(sum_ == xxh3(stored, xxh3(head[:12], 0)),
             "a record with a wrong checksum")
        headers.append(head)
        yield at, kind, codec, param, length, stored
        at += 20 + size
    magic, zero, count = struct.unpack("<4sIQ", data[end:end + 16])
    need(magic == b"MVPE" and zero == 0, "not the trailer of a pack")
    need(count == len(headers), "a wrong number of records")
    name = blake3(b"".join(headers))
    need(data[end + 16:] == name, "a trailer with a wrong id")
    need(os.path.basename(path) == name.hex() + ".pack",
         "a pack with a wrong name")


# -- recipes (docs/format/recipe.md) -----------------------------------------

def entries(data, chunks):
    """(id, length) of each chunk of a recipe, whatever its depth."""
    size, depth, z1, z2, count = struct.unpack("<QBBHI", data[32:48])
    need(z1 == z2 == 0 and count >= 1, "a recipe whose head is wrong")
    need(depth in (0, 1), "a recipe of unknown depth")
    if depth == 0:
        need(len(data) == 48 + 36 * count, "a recipe of another length")
        found = [struct.unpack("<32sI", data[i:i + 36])
                 for i in range(48, len(data), 36)]
    else:
        need(len(data) == 48 + 44 * count, "a recipe of another length")
        found = []
        for i in range(48, len(data), 44):
            part, length, covers = struct.unpack("<32sIQ", data[i:i + 44])
            need(length % 36 == 0, "a part of an odd length")
            need(part in chunks, "a part that is not there")
            text = chunks[part]
            need(len(text) == length, "a part of another length")
            inner = [struct.unpack("<32sI", text[j:j + 36])
                     for j in range(0, length, 36)]
            need(sum(n for _, n in inner) == covers,
                 "a part that does not cover what it says")
            found += inner
    need(sum(n for _, n in found) == size, "a recipe that does not add up")
    return size, found


# -- the store (docs/format/store-layout.md, index.md) -----------------------

class Store:
    def __init__(self, folder):
        with open(os.path.join(folder, "format"), "rb") as f:
            need(f.readline() == b"git-model store 2\n",
                 "not a store of version 2")
        self.chunks, self.wholes, self.recipes = {}, {}, {}
        self.bound = {}             # chunk -> how many bases, at most
        self.leaning = []
        self.depth = {}
        self.sizes = {}             # of packs
        self.where = {}             # (pack, offset) -> (is a recipe, id)
        packs = os.path.join(folder, "packs")
        for name in sorted(os.listdir(packs)):
            if name.endswith(".pack"):
                self.read_pack(os.path.join(packs, name),
                               bytes.fromhex(name[:-5]))
        self.lean()
        index = os.path.join(folder, "index")
        for name in sorted(os.listdir(index)):
            if name.endswith(".idx"):
                self.check_index(os.path.join(index, name))

    def read_pack(self, path, pack):
        self.sizes[pack] = os.path.getsize(path)
        for at, kind, codec, param, length, stored in records(path):
            if codec in (3, 4):
                need(kind == CHUNK, "something that leans and is no chunk")
                need(1 <= param <= 4, "a chunk that leans too far")
                self.leaning.append((param, codec, stored, length, pack, at))
                self.depth[(pack, at)] = param
                continue
            data = decode(codec, param, stored, length)
            need(len(data) == length, "a record of another length")
            if kind == CHUNK:
                name = blake3(data)
                self.chunks[name] = data
                self.bound[name] = 0
            elif kind == WHOLE:
                name = hashlib.sha256(data).digest()
                self.wholes[name] = data
            else:
                need(length >= 48, "a recipe without a head")
                name = data[:32]
                self.recipes[name] = data
            self.where[pack, at] = kind == RECIPE, name

    def lean(self):
        """Those with the smallest bound first: bases are there by then. A
        chunk may be there twice; whoever needs it takes the smaller bound."""
        for param, codec, stored, length, pack, at in sorted(self.leaning):
            base = stored[:32]
            need(self.bound.get(base, 5) < param,
                 "a base that is not there, or leans as far")
            need(len(self.chunks[base]) == length,
                 "a base of another length")
            data = (delta if codec == 3 else sparse)(stored,
                                                     self.chunks[base])
            name = blake3(data)
            self.chunks.setdefault(name, data)
            self.bound.setdefault(name, param)
            self.where[pack, at] = False, name

    def check_index(self, path):
        with open(path, "rb") as f:
            data = f.read()
        need(len(data) >= 64 and data[:8] == b"MVIX\2\2\0\0",
             "not the head of an index")
        packs, zero, small, large = struct.unpack("<IIQQ", data[8:32])
        need(zero == 0 and len(data) == 32 + 40 * packs +
             44 * (small + large) + 32, "an index of another length")
        name = blake3(data[:-32])
        need(name == data[-32:] and
             os.path.basename(path) == name.hex() + ".idx",
             "an index with a wrong name")
        at = 32 + 32 * packs
        for i, size in enumerate(struct.unpack("<%dQ" % packs,
                                               data[at:at + 8 * packs])):
            need(self.sizes.get(data[32 + 32 * i:64 + 32 * i], size) == size,
                 "a pack of another length")
        at += 8 * packs
        for count, is_recipe in ((small, False), (large, True)):
            ids = [data[at + 32 * i:at + 32 * i + 32] for i in range(count)]
            need(all(a < b for a, b in zip(ids, ids[1:])),
                 "an index out of order")
            at += 32 * count
            for i, id_ in enumerate(ids):
                number, off = struct.unpack("<IQ", data[at + 12 * i:
                                                        at + 12 * i + 12])
                need(number < packs, "a locator without a pack")
                about, off = off >> 48, off & (1 << 48) - 1
                pack = data[32 + 32 * number:64 + 32 * number]
                need(self.where.get((pack, off)) == (is_recipe, id_),
                     "a locator that leads elsewhere")
                need(about & 7 == self.depth.get((pack, off), 0) and
                     about >> 5 == 0,
                     "an index that says otherwise what leans")
            at += 12 * count

    def contents(self):
        """oid -> (number of chunks, bytes), one after the other."""
        for oid in sorted(set(self.wholes) | set(self.recipes)):
            if oid in self.wholes:
                yield oid, 1, self.wholes[oid]
                continue
            size, found = entries(self.recipes[oid], self.chunks)
            out = bytearray()
            for id_, length in found:
                need(id_ in self.chunks, "a chunk that is not there")
                need(len(self.chunks[id_]) == length,
                     "a chunk of another length")
                out += self.chunks[id_]
            need(len(out) == size, "a content of another size")
            need(hashlib.sha256(out).digest() == oid,
                 "a content that is not what its name says")
            yield oid, len(found), bytes(out)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    try:
        for oid, count, data in Store(sys.argv[1]).contents():
            print(oid.hex(), len(data), count)
            if len(sys.argv) == 3:
                with open(os.path.join(sys.argv[2], oid.hex()), "wb") as f:
                    f.write(data)
    except (Damage, struct.error) as e:
        sys.exit("damaged: %s" % e)


if __name__ == "__main__":
    main()
