"""In the image alone: lets Python in its shell import what Petipy imports."""

from petipy.startup import bundle

bundle.install()
