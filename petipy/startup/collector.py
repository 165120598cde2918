"""Keep the garbage collector away from what a start imports.

The imports make some 100,000 objects that all stay. The collector would look at them again and
again, and in a child of the scanner it would write to every page that the child shares.
"""

import gc

from petipy.startup import PLAIN


def pause() -> None:
    """Collect no garbage until `resume`."""
    if not PLAIN:
        gc.disable()


def resume() -> None:
    """Collect garbage again, but leave the objects that are there now alone."""
    if not PLAIN:
        gc.freeze()
        gc.enable()
