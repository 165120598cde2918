"""The compose table of the virtual terminals: dead keys, and sequences after the Compose key.

The kernel has one table for both, of at most 256 rows: linux/drivers/tty/vt/keyboard.c. Its own has
the letters of Latin-1. This one has those of the European languages. In it a dead key is the
character that the kernel gives to it: "c" is the caron, "k" the ogonek.
"""

from unicodedata import normalize

# Dead key → combining character, and the letters that take it.
_MARKS = {
    "`": ("\u0300", "aeiouAEIOU"),
    "'": ("\u0301", "aeiouyAEIOUYcnszlrCNSZLR\u03b1\u03b5\u03b7\u03b9\u03bf\u03c5\u03c9"),
    "^": ("\u0302", "aeiouAEIOUcghjswyCGHJSWY"),
    "~": ("\u0303", "anoiuANOIU"),
    '"': ("\u0308", "aeiouyAEIOUY\u03b9\u03c5"),
    ",": ("\u0327", "csgklnrtCSGKLNRT"),
    "_": ("\u0304", "aeiouAEIOU"),
    "U": ("\u0306", "agAGuU"),
    ".": ("\u0307", "cegzCEGZI"),
    "*": ("\u030a", "auAU"),
    "=": ("\u030b", "ouOU"),
    "c": ("\u030c", "cdenrstzlCDENRSTZL"),
    "k": ("\u0328", "aeiuAEIU"),
}
_OTHERS = """
-l\u0142 -L\u0141 -d\u0111 -D\u0110 -o\u00f8 -O\u00d8 -h\u0127 -H\u0126 -t\u0167 -T\u0166
/o\u00f8 /O\u00d8 /l\u0142 /L\u0141 ss\u00df ae\u00e6 AE\u00c6 oe\u0153 OE\u0152 aa\u00e5 AA\u00c5
th\u00fe TH\u00de dh\u00f0 DH\u00d0 .i\u0131 !!\u00a1 ??\u00bf <<\u00ab >>\u00bb
=e\u20ac e=\u20ac -L\u00a3 L-\u00a3 Y=\u00a5 |c\u00a2 so\u00a7 oo\u00b0 mu\u00b5 +-\u00b1 -:\u00f7
xx\u00d7 12\u00bd 14\u00bc 34\u00be ^1\u00b9 ^2\u00b2 ^3\u00b3 .-\u00b7 ,,\u201e
$e\u20ac $l\u00a3 $y\u00a5 $c\u00a2
"""
# A dead key and a blank type the mark alone. For a mark in ASCII the kernel does so by itself.
_ALONE = {"c": "\u02c7", "k": "\u02db", "U": "\u02d8", "*": "\u02da", '"': '"', "=": "\u02dd"}


def make_table() -> list[tuple[str, str, str]]:
    """Return rows of first key, second key and result, for petipy.sys.vt."""
    rows = {
        (dead, letter): normalize("NFC", letter + mark)
        for dead, (mark, letters) in _MARKS.items()
        for letter in letters
    }
    for word in _OTHERS.split():
        rows.setdefault((word[0], word[1]), word[2])
    for dead, alone in _ALONE.items():
        rows[dead, " "] = alone
    return [(first, second, result) for (first, second), result in rows.items()]
