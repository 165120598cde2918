import subprocess
import sys

PROGRAM = """
import sys, petipy.ui.fullscreen
from petipy.ui.kit.toolkit import Edit, Text
print(*Text("abc d").render((3,)).text, *Edit("", "\\u65e5\\u672c").render((3,)).text)
print(*(name for name in sys.modules if name.startswith(("urwid", "wcwidth"))))
"""


def test_only_the_needed_part_of_urwid_is_imported() -> None:
    out = subprocess.check_output([sys.executable, "-W", "error", "-c", PROGRAM], text=True)
    rendered, modules = out.splitlines()
    assert rendered == "b'abc' b'd  ' b'\\xe6\\x97\\xa5\\xe6\\x9c\\xac '", "a cell each"
    assert len(modules.split()) < 45
    unneeded = ("vterm", "font", "curses", "raw_display", "treetools", "wcwidth", "table")
    assert not [name for name in modules.split() if any(word in name for word in unneeded)]
