import ctypes

import pytest

from petipy.sys import crypt


def test_a_libcrypt_without_the_function_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    libc = ctypes.CDLL(None)
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: libc)
    crypt.load.cache_clear()
    try:
        with pytest.raises(OSError, match="this system has no libcrypt"):
            crypt.load()
    finally:
        crypt.load.cache_clear()
