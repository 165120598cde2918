"""Locks, and the people who have passwords."""

from petipy.ui.translator import mark

TEMPLATES = (
    mark("{name}: still being looked at. It may want a password."),
    mark("Not all disks are there yet. One may want a password."),
    mark(
        "{part}: {reason}. It may want a password. The shell and the editor open with "
        "petipy.password or petipy.shell=unscanned on the image's command line."
    ),
    mark("{name}, and {number} more"),
    mark("not read"),
    mark("who has the password"),
    mark("nobody"),
    mark("{names}, with a password"),
)
