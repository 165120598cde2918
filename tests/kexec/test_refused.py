import errno
import os
from pathlib import Path

import pytest

from petipy.kexec.refused import Facts, Refused, explain, lockdown
from tests.trees import lay

ROOT_CAPS = "CapEff:\t000001ffffffffff\n"


def machine(root: Path, *, caps: str = ROOT_CAPS, lockdown: str = "", disabled: str = "0") -> Path:
    files = {
        "proc/self/status": "Name:\tpython3\n" + caps,
        "proc/sys/kernel/kexec_load_disabled": disabled,
        "proc/meminfo": "MemTotal:  262144 kB\nMemFree: 1 kB\nMemAvailable:   20000 kB\n",
    }
    if lockdown:
        files["sys/kernel/security/lockdown"] = lockdown
    return lay(root, files)


def reason(code: int, root: Path) -> str:
    refused = explain(OSError(code, os.strerror(code)), size=90_000_000, facts=Facts(str(root)))
    assert refused.errno == code
    return str(refused)


def test_lockdown_is_named_with_its_mode(tmp_path: Path) -> None:
    root = machine(tmp_path, lockdown="none [integrity] confidentiality\n")
    assert reason(errno.EPERM, root) == (
        "the running kernel is locked down (lockdown=integrity) and takes signed kernels only"
    )


@pytest.mark.parametrize(
    ("file", "mode"),
    [("none [integrity] confidentiality\n", "integrity"), ("[none] integrity\n", "none"), ("", "")],
)
def test_whether_the_kernel_is_locked_down_is_known(tmp_path: Path, file: str, mode: str) -> None:
    assert lockdown(str(machine(tmp_path, lockdown=file))) == mode


def test_a_switched_off_kexec_is_named_before_lockdown(tmp_path: Path) -> None:
    root = machine(tmp_path, lockdown="none [integrity] confidentiality\n", disabled="1\n")
    assert "sysctl kernel.kexec_load_disabled" in reason(errno.EPERM, root)


def test_who_is_not_root_is_told_so_first(tmp_path: Path) -> None:
    root = machine(tmp_path, caps="CapEff:\t0000000000000000\n", disabled="1\n")
    assert reason(errno.EPERM, root) == "only root (CAP_SYS_BOOT) may load a kernel"


def test_a_refusal_without_lockdown_is_a_policy(tmp_path: Path) -> None:
    root = machine(tmp_path, lockdown="[none] integrity confidentiality\n")
    assert "a security policy" in reason(errno.EACCES, root)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENODATA, "it has no signature"),
        (errno.EKEYREJECTED, "its signature is not valid"),
        (errno.ENOKEY, "no key of this machine fits its signature"),
        (errno.EBADMSG, "its signature is damaged"),
    ],
)
def test_signatures_are_told_apart(tmp_path: Path, code: int, words: str) -> None:
    sentence = f"the running kernel takes signed kernels only: {words}"
    assert reason(code, machine(tmp_path)) == sentence


def test_no_room_comes_with_the_numbers(tmp_path: Path) -> None:
    assert reason(errno.ENOMEM, machine(tmp_path)) == (
        "no room in memory: kernel and initrd take 90 MB, 20 MB are free"
    )


@pytest.mark.parametrize("code", [errno.EFAULT, errno.EIO])
def test_a_read_error_is_the_disks_and_not_the_kernels(tmp_path: Path, code: int) -> None:
    assert reason(code, machine(tmp_path)).endswith("does its device have read errors?")


def test_anything_else_keeps_the_systems_own_words(tmp_path: Path) -> None:
    assert reason(errno.EINVAL, machine(tmp_path)).endswith("refused it: Invalid argument")


def test_a_refusal_is_an_oserror_that_speaks_plainly() -> None:
    refused = Refused(errno.EPERM, "it is so")
    assert isinstance(refused, OSError)
    assert str(refused) == "it is so"
