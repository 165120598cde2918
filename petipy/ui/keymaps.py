"""The file of keyboard layouts in the image: read and written here.

After a line with the format's name, each layout has a line "NAME<tab>TITLE<tab>BYTES" and so many
bytes: 16-bit numbers, the big end first. These are the number of tables and the tables' numbers,
then runs: table, first key, number of keys, and the symbols of these keys. The first layout is
whole. Each other one has only what differs from it.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

PLACE = "/usr/share/petipy/keymaps"
KEYS = 128  # keys of a table; the kernel knows twice as many, and layouts use no others
_FORMAT = b"petipy keymaps 1\n"
_HOLE = 0x0200  # K_HOLE: the key does nothing
_GAP = 3  # equal symbols that are cheaper to repeat than to begin another run

# kbd's older names, by which people may know a layout.
_OTHER_NAMES = {
    **{"uk": "gb", "sg": "ch", "fr_CH": "ch-fr", "sf": "ch-fr", "la": "latam", "cf": "ca"},
    **{"croat": "hr", "slovene": "si", "sr": "rs", "jp106": "jp", "et": "ee", "trq": "tr"},
    **{"br-abnt2": "br", "dvorak": "us-dvorak", "colemak": "us-colemak", "neo": "de-neo"},
    **{"cz-us-qwertz": "cz", "cz-lat2-prog": "cz", "sk-prog": "sk", "bepo": "fr-bepo"},
}
_ENDINGS = ("-latin0", "-latin1", "-latin2", "-latin9", "-lat2", "-utf8", "-utf")

Tables = Mapping[int, Sequence[int]]  # modifiers → symbols


@dataclass(frozen=True, slots=True)
class Keymap:
    """A layout. `tables` are for petipy.sys.vt."""

    name: str
    title: str
    tables: Tables

    def to_latin(self, character: str) -> str:
        """Return the ASCII character of the key that types another one; "" if there is none.

        A layout with two groups of letters has the second one in the tables of AltGr.
        """
        wanted = ord(character)
        for table in sorted(self.tables):
            for key, symbol in enumerate(self.tables[table]):
                if _to_code(symbol) == wanted:
                    plain = _to_code(self.tables[table & 1][key])
                    return chr(plain) if 32 < plain < 127 else ""
        return ""


def _to_code(symbol: int) -> int:
    """Return the code point of a symbol; 0 if it is not a character."""
    kind = symbol >> 8
    if kind in (0, 11):  # KT_LATIN, KT_LETTER
        return symbol & 0xFF
    return symbol ^ 0xF000 if kind > 14 else 0


def simplify_name(text: str) -> str:
    """Return our name for a layout that a person may write as kbd or X11 do."""
    name = text.strip().replace("(", "-").removesuffix(")")
    for ending in _ENDINGS:
        name = name.replace(ending, "")
    return _OTHER_NAMES.get(name, name)


def write(keymaps: Sequence[Keymap]) -> bytes:
    """Return the file of these layouts."""
    base = keymaps[0].tables
    blank: Tables = {}
    bodies = [(k, _encode(k.tables, base if k is not keymaps[0] else blank)) for k in keymaps]
    heads = (f"{k.name}\t{k.title}\t{len(body)}\n".encode() + body for k, body in bodies)
    return _FORMAT + b"".join(heads)


def _encode(tables: Tables, base: Tables) -> bytes:
    numbers = [len(tables), *sorted(tables)]
    for table in sorted(tables):
        new, old = tables[table], base.get(table, [_HOLE] * KEYS)
        for start, stop in _find_runs(new, old):
            numbers += [table, start, stop - start, *new[start:stop]]
    return struct.pack(f">{len(numbers)}H", *numbers)


def _find_runs(new: Sequence[int], old: Sequence[int]) -> Iterator[tuple[int, int]]:
    differ = [key for key in range(KEYS) if new[key] != old[key]]
    start = 0
    for at, key in enumerate(differ):
        if at + 1 == len(differ) or differ[at + 1] - key > _GAP:
            yield differ[start], key + 1
            start = at + 1


class Keymaps:
    """The layouts of a file. Each is decoded when it is asked for."""

    def __init__(self, data: bytes) -> None:
        """Read a file's bytes. ValueError if it is another format."""
        if data and not data.startswith(_FORMAT):
            raise ValueError("not a file of keyboard layouts")
        self._bodies: dict[str, bytes] = {}
        self.titles: dict[str, str] = {}
        at = len(_FORMAT)
        while at < len(data):
            end = data.index(b"\n", at)
            name, title, size = data[at:end].decode().split("\t")
            at = end + 1 + int(size)
            self.titles[name], self._bodies[name] = title, data[end + 1 : at]

    def find(self, text: str) -> Keymap | None:
        """Return a layout by its name, or by one of kbd's or X11's; None if it is not there."""
        name = text if text in self.titles else simplify_name(text)
        if name not in self.titles:
            return None
        first = next(iter(self.titles))
        base = _decode(self._bodies[first], {})
        tables = base if name == first else _decode(self._bodies[name], base)
        return Keymap(name, self.titles[name], tables)


def _decode(body: bytes, base: Tables) -> Tables:
    numbers = struct.unpack(f">{len(body) // 2}H", body)
    count = numbers[0]
    tables = {n: [*base.get(n, [_HOLE] * KEYS)] for n in numbers[1 : count + 1]}
    at = count + 1
    while at < len(numbers):
        table, start, length = numbers[at : at + 3]
        tables[table][start : start + length] = numbers[at + 3 : at + 3 + length]
        at += 3 + length
    return tables
