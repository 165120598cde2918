"""Let a Python that somebody starts in the shell import from the bundle."""

from petipy.startup import bundle

bundle.install()
