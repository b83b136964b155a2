"""What gen_onnx.py and gen_aten.py share: a pool of texts, lists that share their runs, the hash, C output."""


class Texts:
    """Texts with a NUL each, one after another; equal texts are stored once. Offset 0 is the empty text."""

    def __init__(self):
        self.size = 0
        self.at = {}
        self.add(b"")

    def add(self, text):
        data = text if isinstance(text, bytes) else text.encode()
        if data not in self.at:
            self.at[data] = self.size
            self.size += len(data) + 1
        return self.at[data]

    def emit(self, out, name):
        out.append("const char %s[] =" % name)
        line = "   "
        for data in self.at:
            piece = ' "%s\\0"' % escape(data)
            if len(line) + len(piece) > 118:
                out.append(line)
                line = "   "
            line += piece
        out.append(line + ";")


def escape(data):
    """The bytes of a C string literal."""
    text = ""
    for byte in data:
        char = chr(byte)
        if char in '"\\':
            text += "\\" + char
        elif 32 <= byte < 127:
            text += char
        else:
            text += '\\%03o' % byte
    return text


class Runs:
    """One array that holds many lists; a list that already occurs in it is not stored again."""

    def __init__(self):
        self.items = []
        self.at = {}

    def add(self, items):
        key = tuple(items)
        if not key:
            return 0
        if key not in self.at:
            self.at[key] = len(self.items)
            self.items.extend(key)
        return self.at[key]


class Rows:
    """An array of rows, each different."""

    def __init__(self):
        self.at = {}

    def add(self, row):
        return self.at.setdefault(row, len(self.at))

    def items(self):
        return list(self.at)


def hash_name(data, seed=0):
    """FNV-1a, as ox__table_hash in tables.h."""
    h = 2166136261 ^ seed
    for byte in data:
        h = ((h ^ byte) * 16777619) & 0xFFFFFFFF
    return h ^ (h >> 15)


def hash_slots(hashes):
    """Open addressing, linear probing, at most half full: slot -> index + 1, 0 = empty."""
    size = 16
    while size < 2 * len(hashes):
        size *= 2
    slots = [0] * size
    for index, h in enumerate(hashes):
        at = h & (size - 1)
        while slots[at]:
            at = (at + 1) & (size - 1)
        slots[at] = index + 1
    return slots


def emit_numbers(out, ctype, name, numbers):
    out.append("const %s %s[] = {" % (ctype, name))
    line = "   "
    for number in numbers or [0]:
        piece = " %s," % number
        if len(line) + len(piece) > 118:
            out.append(line)
            line = "   "
        line += piece
    out.append(line)
    out.append("};")


def emit_rows(out, ctype, name, rows):
    out.append("const %s %s[] = {" % (ctype, name))
    line = "   "
    for row in rows:
        piece = " {%s}," % ", ".join(str(x) for x in row)
        if len(line) + len(piece) > 118:
            out.append(line)
            line = "   "
        line += piece
    out.append(line)
    out.append("};")


def write(path, out):
    with open(path, "w") as f:
        f.write("\n".join(out) + "\n")
