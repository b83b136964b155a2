"""What may reach a terminal: whole UTF-8 of printable characters, tabs and newlines of ours."""
import unicodedata


def is_safe(c):
    if c in "\n":
        return True
    return unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def find(data):
    """The offset of the first character (or byte that is not UTF-8) that must not be printed; None if there is none."""
    try:
        text = data.decode()
    except UnicodeDecodeError as e:
        return e.start
    if text.isascii() and text.replace("\n", "").isprintable():
        return None
    for i, c in enumerate(text):
        if not is_safe(c):
            return len(text[:i].encode())
    return None
