"""Make pictures of all screens, as a virtual terminal shows them.

    python3 -m tests.ui.pictures [--output DIR] [--kernel VMLINUX] [SCREEN …]

The kernel gives the font; initramfs/demo leaves one in the cache. Without --output the pictures of
README are made again, beside this file.
"""

import argparse
import tempfile
from pathlib import Path

import pyte

from initramfs.host import default_cache
from petipy.ui.kit.display import Display
from tests.ui.pictures.draw import draw, read_glyphs, to_png
from tests.ui.test_golden import SCREENS, VGA, VGA_LETTERS, make_driver
from tests.ui.wire import Wire

PLACE = Path(__file__).parent
README = ("pane", "find", "log")  # the screens that README shows
SIZE = (100, 40)


def render(name: str, size: tuple[int, int] = SIZE) -> pyte.Screen:
    """Return a terminal that shows a screen."""
    wire = Wire(size, "linux")
    with tempfile.TemporaryDirectory() as room:
        driver = make_driver(name, size, VGA, Path(room), VGA_LETTERS)
    Display(wire, VGA, VGA_LETTERS).draw_screen(size, driver.view.render(size, focus=True))
    driver.press("esc")  # a prompt's command ends
    screen = pyte.Screen(*size)
    pyte.Stream(screen).feed(wire.take())
    return screen


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.ui.pictures", description=__doc__)
    parser.add_argument("--output", type=Path, default=PLACE, metavar="DIR")
    parser.add_argument("--kernel", type=Path, default=default_cache() / "image/vmlinux")
    parser.add_argument("screens", nargs="*", metavar="SCREEN")
    options = parser.parse_args()
    glyphs = read_glyphs(options.kernel.read_bytes())
    names = options.screens or (README if options.output == PLACE else SCREENS)
    options.output.mkdir(parents=True, exist_ok=True)
    for name in names:
        path = options.output / f"{name}.png"
        path.write_bytes(to_png(*draw(render(name), glyphs)))


if __name__ == "__main__":
    main()
