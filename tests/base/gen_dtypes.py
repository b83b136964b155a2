#!/usr/bin/env python3
"""Writes dtypes_golden.h: what ml_dtypes (needs: pip install ml_dtypes numpy) makes of each code of the narrow floats,
and of numbers stored in them. test_dtype.c holds ours against it."""
import ml_dtypes
import numpy as np
import os
import struct

TYPES = [
    ("OX_FLOAT16", np.float16, 16), ("OX_BFLOAT16", ml_dtypes.bfloat16, 16),
    ("OX_FLOAT8E4M3FN", ml_dtypes.float8_e4m3fn, 8), ("OX_FLOAT8E4M3FNUZ", ml_dtypes.float8_e4m3fnuz, 8),
    ("OX_FLOAT8E5M2", ml_dtypes.float8_e5m2, 8), ("OX_FLOAT8E5M2FNUZ", ml_dtypes.float8_e5m2fnuz, 8),
    ("OX_FLOAT4E2M1", ml_dtypes.float4_e2m1fn, 4), ("OX_FLOAT8E8M0", ml_dtypes.float8_e8m0fnu, 8),
    ("OX_FLOAT6E2M3", ml_dtypes.float6_e2m3fn, 6), ("OX_FLOAT6E3M2", ml_dtypes.float6_e3m2fn, 6),
]


def bits_of(x):
    return "0x%x" % struct.unpack("<Q", struct.pack("<d", float(x)))


def codes(dtype, bits):
    if bits == 16:
        return [0, 1, 2, 0x3FF, 0x400, 0x3C00, 0x3C01, 0x3F80, 0x3F81, 0x7BFF, 0x7C00, 0x7C01, 0x7F7F, 0x7F80, 0x7FC0,
                0x8000, 0x8001, 0xBC00, 0xFBFF, 0xFC00, 0xFF80]
    return range(1 << bits)


def numbers(dtype, bits):
    """All midpoints between neighbours (ties), and a little to both sides of them; and the far ends."""
    raw = np.array(list(codes(dtype, bits)), dtype=np.uint16 if bits == 16 else np.uint8)
    v = np.unique(raw.view(dtype).astype(np.float64))
    v = v[np.isfinite(v)]
    mid = (v[1:] + v[:-1]) / 2
    edge = v[-1] + (v[-1] - v[-2]) / 2
    mid = [x for i, x in enumerate(mid) if x > 0 or i % 16 == 0]
    wide = np.float64 if bits == 16 else np.float32  # ml_dtypes goes by way of float32: give it nothing to round there
    out = mid + [np.nextafter(wide(x), wide(y)) for x in mid for y in (np.inf, -np.inf)]
    out += [0.0, edge, np.nextafter(wide(edge), wide(0)), edge * 2, 1e30, -1e30, 1e-30, -1e-30, 1e300, -1e300, 2.0 ** -149,
            np.inf, -np.inf, 1.0, -1.0, 1 / 3]
    if dtype is ml_dtypes.float8_e8m0fnu:  # ml_dtypes does not round the subnormals of float32 to the nearest
        out = [x for x in out if x == 0 or not abs(x) < 2.0 ** -126]
    return [float(x) for x in out]


def rounded(v, dtype, bits):
    """The nearest value, ties to the even code; by hand for float16/bfloat16, where a cast by way of float32 may round twice."""
    if bits != 16 or not np.isfinite(v):
        return int(np.array([v]).astype(dtype).view(np.uint8 if bits <= 8 else np.uint16)[0])
    every = np.arange(1 << 15, dtype=np.uint16)
    table = every.view(dtype).astype(np.float64)
    table = table[np.isfinite(table)]
    a = abs(v)
    i = int(np.searchsorted(table, a))
    if i == len(table):
        top = table[-1] + (table[-1] - table[-2]) / 2
        code = len(table) if a >= top else len(table) - 1
    elif table[i] == a:
        code = i
    else:
        low, high = a - table[i - 1], table[i] - a
        code = i if high < low or (high == low and i % 2 == 0) else i - 1
    return code | (0x8000 if np.signbit(v) else 0)


with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "dtypes_golden.h"), "w") as f:
    f.write("/* Made by gen_dtypes.py from ml_dtypes %s. {code, bits of the double}: decode_* from the code to the\n"
            " * double, encode_* from the double to the code. A NaN's bits are written as those of the plain one. */\n" % ml_dtypes.__version__)
    f.write("/* clang-format off */\n")
    for what in "decode", "encode":
        for name, dtype, bits in TYPES:
            f.write("static const struct golden %s_%s[] = {\n" % (what, name))
            rows = []
            if what == "decode":
                for c in codes(dtype, bits):
                    raw = np.array([c], dtype=np.uint16 if bits == 16 else np.uint8)
                    x = float(raw.view(dtype).astype(np.float64)[0])
                    rows.append("{0x%x,%s}" % (c, "0x7ff8000000000000" if np.isnan(x) else bits_of(x)))
            else:
                for v in numbers(dtype, bits):
                    rows.append("{0x%x,%s}" % (rounded(v, dtype, bits), bits_of(v)))
            for i in range(0, len(rows), 8):
                f.write(",".join(rows[i:i + 8]) + ",\n")
            f.write("};\n")
    f.write("/* clang-format on */\n")
