"""What can happen to a file: each way of damaging it, as a function of its bytes."""

PAGE = 4096


def _flip(content, other, draw):
    if not content:
        return None
    bit = draw.randrange(8 * len(content))
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def _zero_page(content, other, draw):
    first = PAGE * draw.randrange(max(1, len(content) // PAGE))
    page = content[first : first + PAGE]
    return content[:first] + bytes(len(page)) + content[first + PAGE :]


def _truncate(content, other, draw):
    return content[: draw.randrange(len(content))] if content else None


WAYS = {
    "flip a bit": _flip,
    "zero a page": _zero_page,
    "truncate": _truncate,
    "empty": lambda content, other, draw: b"",
    "delete": lambda content, other, draw: None,
    "swap": lambda content, other, draw: other,
}
"""(bytes, bytes of the same file of another step or network, random) -> bytes; None: no file"""


def damage(path, way, other, draw):
    """Damage one file; tell whether anything is different now."""
    before = path.read_bytes()
    after = WAYS[way](before, other.read_bytes() if other.exists() else None, draw)
    if after is None:
        path.unlink()
    else:
        path.write_bytes(after)
    return after != before
