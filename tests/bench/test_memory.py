"""Check that the bench reads the kernel's account of a guest's memory."""

from tests.bench.memory import PETIPY, read

SAID = """\
MemTotal:        1000000 kB
MemFree:          900000 kB
Buffers:               0 kB
Cached:            40000 kB
SReclaimable:      10000 kB
              count:    1000
              count:    500
Name: init Pid: 1 PPid: 0 VmRSS: 2000 kB RssAnon: 100 kB
Name: petipy Pid: 40 PPid: 1 VmRSS: 26000 kB RssAnon: 17000 kB
Name: petipy Pid: 52 PPid: 40 VmRSS: 20000 kB RssAnon: 13000 kB
Name: petipy Pid: 60 PPid: 40 VmRSS: 10000 kB RssAnon: 3000 kB
Name: petipy Pid: 70 PPid: 52 VmRSS: 24000 kB RssAnon: 17000 kB
Name: sh Pid: 80 PPid: 40 VmRSS: 2000 kB RssAnon: 100 kB
"""


def test_the_memory_in_use_is_that_of_free() -> None:
    assert round(read(SAID).used, 3) == 51.2  # MB of a million bytes


def test_free_pages_of_processors_are_told_apart() -> None:
    assert round(read(SAID).spare, 3) == 6.144


def test_processes_of_petipy_are_told_apart_by_their_parents() -> None:
    found = read(SAID).processes
    assert list(found) == ["init", *PETIPY]
    assert found[PETIPY[1]] == (30_000 * 1024 / 1e6, 16_000 * 1024 / 1e6)
