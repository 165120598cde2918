"""Stand for the real module, which petipy.ui.kit.toolkit never runs: it imports all of urwid."""
