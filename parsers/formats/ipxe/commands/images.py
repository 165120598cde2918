"""Commands that fetch images, select them, give them arguments and start them."""

import re
from collections.abc import Sequence
from typing import Literal

from parsers.formats.ipxe.commands import command
from parsers.formats.ipxe.options import parse_options
from parsers.formats.ipxe.outcome import CommandError, IpxeImage, Stop
from parsers.formats.ipxe.run import Run
from parsers.places.urls import is_url
from parsers.reading.budget import OutOfBudget
from parsers.reading.digest import find_sha256

_MOST = 64  # images at once
_MOST_SIGNATURES = 8  # of an image; each is fetched at the boot
_KERNEL = re.compile(r"(?!.*\.(?:c32|efi|ipxe)$)(?:vmlinu[xz]|[zb]?z?image|kernel|linux)", re.I)
_SCRIPT = re.compile(r"\.(?:ipxe|gpxe|php|cgi|cfg|txt|pl|py)$", re.I)
# Programs that a script starts instead of a kernel, by the file's name.
_OTHERS = (
    (re.compile(r"wimboot", re.I), "it starts Windows (wimboot)"),
    (re.compile(r"memdisk", re.I), "it starts a disk image (memdisk)"),
    (
        re.compile(r"(?:mboot|xen|tboot|multiboot)(?:[.-].*)?$", re.I),
        "it starts a multiboot kernel",
    ),
    (re.compile(r"mem(?:test|86)", re.I), "it starts a memory test"),
    (re.compile(r".*\.(?:[ui]so|img|vhd)$", re.I), "it starts a disk image"),
    (
        re.compile(r".*(?:\.(?:0|c32|com|exe|k{0,3}pxe|lkrn|n12|rom|bs)|pxelinux)$", re.I),
        "it starts another boot loader",
    ),
)
_PROGRAM = re.compile(r".*\.efi$", re.I)


@command("kernel", "linux", "imgselect", "imgload")
def kernel(run: Run, words: Sequence[str]) -> bool:
    """Select an image for `boot`. Fetch it if there is no image of that name."""
    options, rest = parse_options(words, "replace autofree", "name timeout", least=1)
    if (image := _find_or_fetch(run, "kernel", options, rest)) is None:
        return False
    run.selected = image
    return True


@command("initrd", "module", "imgfetch")
def imgfetch(run: Run, words: Sequence[str]) -> bool:
    options, rest = parse_options(words, "replace autofree", "name timeout", least=1)
    return _fetch(run, "initrd", options, rest) is not None


@command("imgargs")
def imgargs(run: Run, words: Sequence[str]) -> bool:
    options, rest = parse_options(words, "replace autofree", "name timeout", least=1)
    if (image := _find_or_fetch(run, "imgargs", options, rest)) is None:
        return False
    cmdline_from = run.command_origins("imgargs", len(rest), len(rest) - 1)
    _replace(
        run, image, image._replace(cmdline=" ".join(rest[1:]).strip(), cmdline_from=cmdline_from)
    )
    return True


@command("imgfree")
def imgfree(run: Run, words: Sequence[str]) -> bool:
    _, names = parse_options(words)
    for name in names:
        if not any(image.name == name for image in run.images):
            raise CommandError(f"nothing is called {name!r}")
    run.images = tuple(i for i in run.images if names and i.name not in names)
    if run.selected not in run.images:
        run.selected = None
    return True


@command("imgverify")
def imgverify(run: Run, words: Sequence[str]) -> bool:
    """Note a signature of an image. It is checked when the entry boots, and counts as right here.

    iPXE drops the signature's image unless --keep is given.
    """
    options, rest = parse_options(words, "keep quiet", "signer timeout", least=2, most=2)
    if options.get("signer") == "":  # of an unset variable: no certificate has this name
        raise CommandError("--signer needs a value")
    known = run.images
    image = _find_or_fetch(run, "imgverify", {}, rest[:1])
    signature = _find_or_fetch(run, "imgverify", {}, rest[1:])
    if image is None or signature is None:
        return False
    signed = dict.fromkeys((*image.signed, (signature.ref, options.get("signer", ""))))
    if len(signed) > _MOST_SIGNATURES:
        raise CommandError(f"more than {_MOST_SIGNATURES} signatures of a file")
    new = image._replace(signed=tuple(signed))
    if image not in known:
        new = new._replace(fetched_by=run.command_origins("imgverify", len(rest), 0))
    _replace(run, image, new)
    if "keep" not in options:
        run.images = tuple(other for other in run.images if other != signature)
    return True


@command("imgtrust")
def imgtrust(run: Run, words: Sequence[str]) -> bool:
    """Let nothing start that imgverify has not checked, or allow that again."""
    options, _ = parse_options(words, "allow permanent", most=0)
    wanted = "allow" not in options
    if not run.is_trust_permanent:
        run.wants_trust, run.is_trust_permanent = wanted, "permanent" in options
    if run.wants_trust != wanted:
        raise CommandError("an imgtrust --permanent was there before")
    return True


@command("imgextract")
def imgextract(run: Run, words: Sequence[str]) -> bool:
    """Keep the image: the kernel unpacks it itself."""
    options, rest = parse_options(words, "keep", "name timeout", least=1)
    return _find_or_fetch(run, "imgextract", options, rest) is not None


@command("fdt")
def fdt(run: Run, words: Sequence[str]) -> bool:
    """Set the device tree for the kernel. Without a name, use the firmware's again."""
    options, rest = parse_options(words, "replace autofree", "name timeout")
    run.devicetree = _find_or_fetch(run, "fdt", options, rest) if rest else None
    return run.devicetree is not None or not rest


@command("imgdecrypt", "imgmem")
def impossible(run: Run, words: Sequence[str]) -> bool:
    raise CommandError("this cannot be done here")


@command("boot", "chain", "imgexec")
def boot(run: Run, words: Sequence[str]) -> bool:
    """Start the named image, or else the selected one: a kernel, or another script."""
    options, rest = parse_options(words, "replace autofree", "name timeout")
    image = _find_or_fetch(run, "boot", options, rest) if rest else run.selected
    if image is None:
        return False if rest else run.fail(f"nothing is selected to boot, in line {run.line}")
    kind = _kind(run, image)
    if kind != "absent" and not run.may_start(image):
        return run.fail(f"{image.where} has no imgverify, which imgtrust demands")
    if kind == "kernel":
        raise Stop(run.make_boot(image))
    if kind == "absent":
        run.images = tuple(other for other in run.images if other != image)
        there = "cannot be fetched" if is_url(image.where) else "is not there"
        return run.fail(f"{image.where} {there}")
    script = run.context.script(image.where)
    if script is None:
        raise run.end(f"{image.where} is neither a Linux kernel nor a script for iPXE")
    # The script is no initrd for the kernel that it boots.
    run.images = tuple(other for other in run.images if other != image)
    _note_script(run, image)
    return run.call(script, instead="replace" in options)


def _kind(run: Run, image: IpxeImage) -> Literal["kernel", "script", "absent"]:
    """Tell the kind of an image by its name, else by its use, else by its contents."""
    name = image.where.partition("?")[0].partition("#")[0].rpartition("/")[2]
    if _KERNEL.match(name):
        return "kernel"
    for pattern, reason in _OTHERS:
        if pattern.match(name):
            raise run.end(f"{reason}: {image.where}")
    used = bool(image.cmdline or [i for i in run.images if i.where != image.where])
    if _PROGRAM.match(name) and not used:
        raise run.end(f"it starts a program for the firmware: {image.where}")
    if image.is_kernel and not _SCRIPT.search(name):
        return "kernel"
    text = run.context.text(image.where)
    if text is None:
        return "kernel" if used and not _SCRIPT.search(name) else "absent"
    script = run.context.script(image.where)
    return "kernel" if _is_kernel(text) or (used and script is None) else "script"


def _note_script(run: Run, image: IpxeImage) -> None:
    """Note the signatures of a script that runs. What is read for the check has to be the same."""
    if not image.signed:
        return
    digest = find_sha256(run.context.text(image.where) or "")
    if not digest:
        run.unchecked = f"the signature of {image.where}, which is a script, cannot be checked"
        return
    new = dict.fromkeys((*run.signed_scripts, *image.list_signatures(image.ref, digest)))
    if len(new) > _MOST:
        raise OutOfBudget(f"more than {_MOST} signatures of scripts: given up")
    run.signed_scripts = tuple(new)


def _is_kernel(text: str) -> bool:
    return text.startswith("\x7fELF") or text[0x202:0x206] == "HdrS" or text[:2] == "MZ"


def _find_or_fetch(
    run: Run, verb: str, options: dict[str, str], rest: Sequence[str]
) -> IpxeImage | None:
    """Return the image of that name, with new name and arguments if any. Else fetch it."""
    image = next((image for image in run.images if image.name == rest[0]), None)
    if image is None:
        return _fetch(run, verb, options, rest)
    new = image._replace(
        name=options.get("name", image.name),
        named="name" in options or image.named,
        is_kernel=image.is_kernel or verb == "kernel",
    )
    if rest[1:]:
        new = new._replace(
            cmdline=" ".join(rest[1:]).strip(),
            cmdline_from=run.command_origins(verb, len(rest), len(rest) - 1),
        )
    return _replace(run, image, new)


def _replace(run: Run, old: IpxeImage, new: IpxeImage) -> IpxeImage:
    run.images = tuple(new if image == old else image for image in run.images)
    if run.selected == old:
        run.selected = new
    if run.devicetree == old:
        run.devicetree = new
    return new


def _fetch(run: Run, verb: str, options: dict[str, str], rest: Sequence[str]) -> IpxeImage | None:
    uri, *arguments = rest
    # Petitboot's users write --name behind the file; no kernel has such an argument.
    if verb == "kernel" and arguments[:1] == ["--name"] and len(arguments) > 1:
        options = {"name": arguments[1]} | options
        arguments = arguments[2:]
    if not uri:
        raise CommandError("the name is empty")
    if len(run.images) >= _MOST:
        raise CommandError(f"more than {_MOST} files: the rest is left")
    where = run.context.locate(run.config, uri)
    if run.handles_failure and run.context.lacks(where):
        run.fail(f"there is no {where}")
        return None
    path = where.partition("?")[0].partition("#")[0] if is_url(where) else where
    image = IpxeImage(
        name=options.get("name") or path.rpartition("/")[2],
        where=where,
        ref=run.context.ref(where),
        cmdline=" ".join(arguments).strip(),
        fetched_by=run.command_origins(verb, len(rest), len(arguments)),
        named="name" in options,
        is_kernel=verb == "kernel",
    )
    run.images = (*run.images, image)
    return image
