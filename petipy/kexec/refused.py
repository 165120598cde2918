"""Reasons why a kernel was not loaded, as sentences for people."""

import errno
import os

_CAP_SYS_BOOT = 22
_BAD_SIGNATURE = {
    errno.ENODATA: "it has no signature",
    errno.ENOKEY: "no key of this machine fits its signature",
    errno.EKEYREJECTED: "its signature is not valid",
    errno.EKEYREVOKED: "its key has been revoked",
    errno.EKEYEXPIRED: "its key has expired",
    errno.EBADMSG: "its signature is damaged",
    errno.ENOPKG: "its signature is of a kind that the running kernel cannot check",
}


class Refused(OSError):
    """A kernel was not loaded. Programs look at errno, people at str(), which is a sentence."""

    def __str__(self) -> str:
        return str(self.strerror)


class Facts:
    """The state of the running kernel that explains a refusal, from /proc and /sys below `root`.

    A process that is to give up rights reads it before, since later it can open nothing.
    """

    def __init__(self, root: str = "") -> None:
        self.may_boot = _may_boot(root)
        self.disabled = _text(f"{root}/proc/sys/kernel/kexec_load_disabled") == "1"
        self.exhausted = _text(f"{root}/proc/sys/kernel/kexec_load_limit_reboot") == "0"
        self.lockdown = lockdown(root)
        self.free = read_meminfo("MemAvailable", root)

    @property
    def locked_down(self) -> bool:
        return self.lockdown not in ("", "none")


def explain(error: OSError, *, size: int = 0, facts: Facts | None = None) -> Refused:
    """Put a system call's errno into words. `size` is the sum of all bytes to load."""
    code = error.errno or errno.EIO
    return Refused(code, _sentence(code, error, size, facts or Facts()))


def _sentence(code: int, error: OSError, size: int, facts: Facts) -> str:
    if code in (errno.EPERM, errno.EACCES):
        return _find_prohibition(code, facts)
    if code in _BAD_SIGNATURE:
        return f"the running kernel takes signed kernels only: {_BAD_SIGNATURE[code]}"
    if code in (errno.ENOMEM, errno.EADDRNOTAVAIL):
        return describe_shortage(size, facts.free)
    if code == errno.ENOEXEC:
        return "not a kernel that the running kernel can load"
    if code == errno.EBUSY:
        return "another load is going on, or the place for a crash kernel is in use"
    if code in (errno.EFAULT, errno.EIO):  # the first: of a file that is mapped into memory
        return "the kernel or an initrd could not be read: does its device have read errors?"
    if code == errno.ENOSYS:
        return "the running kernel was built without kexec"
    if code == errno.ETXTBSY:
        return "the new kernel would lie over memory that the running one still needs"
    return f"the running kernel refused it: {error.strerror}"


def _find_prohibition(code: int, facts: Facts) -> str:
    if not facts.may_boot:
        return "only root (CAP_SYS_BOOT) may load a kernel"
    if facts.disabled:
        return "kexec is switched off until the next reset (sysctl kernel.kexec_load_disabled)"
    if facts.exhausted:
        return "no more loads are allowed (sysctl kernel.kexec_load_limit_reboot)"
    mode = facts.lockdown
    if facts.locked_down:
        return f"the running kernel is locked down (lockdown={mode}) and takes signed kernels only"
    if mode:
        return f"a security policy of the running kernel forbids it ({os.strerror(code)})"
    return "the running kernel is locked down, or a security policy forbids it"


def describe_shortage(size: int, free: int | None, what: str = "kernel and initrd") -> str:
    """Say that something does not fit; sizes in bytes. `what` is a plural."""
    have = f", {free / 1e6:.0f} MB are free" if free is not None else ""
    return f"no room in memory: {what} take {size / 1e6:.0f} MB{have}"


def read_meminfo(field: str, root: str = "") -> int | None:
    """Return MemTotal or MemAvailable in bytes."""
    lines = (line.split() for line in _text(f"{root}/proc/meminfo").splitlines())
    return next((int(line[1]) * 1024 for line in lines if line[0] == f"{field}:"), None)


def lockdown(root: str = "") -> str:
    """Return none, integrity or confidentiality; "" where securityfs is not mounted."""
    return _text(f"{root}/sys/kernel/security/lockdown").partition("[")[2].partition("]")[0]


def _may_boot(root: str) -> bool:
    lines = _text(f"{root}/proc/self/status").splitlines()
    effective = next((line.split()[1] for line in lines if line.startswith("CapEff:")), None)
    if effective is None:
        return os.geteuid() == 0
    return bool(int(effective, 16) >> _CAP_SYS_BOOT & 1)


def _text(path: str) -> str:
    """Read a file of /proc or /sys; "" where it is not there."""
    try:
        with open(path) as file:
            return file.read().strip()
    except OSError:
        return ""
