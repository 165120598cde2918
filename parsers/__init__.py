"""Parsers of boot configurations: text in, entries out, without I/O."""
