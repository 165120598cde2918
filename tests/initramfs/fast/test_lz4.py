"""LZ4 without short matches; the tests unpack by the lz4 program."""

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from initramfs.fast import lz4

pytestmark = pytest.mark.skipif(not shutil.which("lz4"), reason="lz4 is absent")
TEXT = Path(lz4.__file__).read_bytes()
GENERATOR = random.Random(7)
SAMPLES = {
    "empty": b"",
    "one": b"x",
    "zeros": bytes(100_000),
    "text": TEXT * 3,
    "noise": GENERATOR.randbytes(5000),
    "mixed": b"".join(TEXT[n : n + 5] + GENERATOR.randbytes(n % 300) for n in range(2000)),
    "chunks": (TEXT + GENERATOR.randbytes(500)) * (9 << 20 >> 11),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_unpacked_is_what_was_packed(name: str, tmp_path: Path) -> None:
    data = SAMPLES[name]

    packed = lz4.Lz4(tmp_path).pack(data)

    assert unpack(packed) == data


def unpack(frame: bytes) -> bytes:
    """Return what is in a frame up to the chunk of length 0, with which lz4 does not end."""
    at = 4
    while size := int.from_bytes(frame[at : at + 4], "little"):
        at += 4 + size
    return subprocess.run(["lz4", "-dc"], input=frame[:at], capture_output=True, check=True).stdout


def test_no_match_is_short(tmp_path: Path) -> None:
    packed = lz4.Lz4(tmp_path).pack(TEXT)
    size = int.from_bytes(packed[4:8], "little")

    again = lz4.rewrite_block(packed[8 : 8 + size], TEXT)

    assert again == packed[8 : 8 + size], "a second time there is none left"
    plain = subprocess.run([*lz4.Lz4.command], input=TEXT, capture_output=True, check=True).stdout
    assert len(plain) < len(packed) < len(plain) * 1.3
