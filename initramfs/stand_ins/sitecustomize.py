"""In the image alone: lets Python in its shell import what Petipy imports."""

from petipy import bundle

bundle.install()
