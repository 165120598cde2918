"""Stand for the real module, which sorts Unicode's letters by alphabet."""


class pyparsing_unicode:
    """A name that the core imports; initramfs/fast/trim.py drops what uses it."""
