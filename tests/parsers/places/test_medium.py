"""Parameters for the system in an ISO file, so that it finds its medium."""

from collections.abc import Sequence

import pytest

from parsers.api import Entry, Origin, Volume
from parsers.places.medium import add_parameters, advise
from tests.fakes import Machine

HOST = Volume(name="sda1", uuid="11-22", fs="ext4", disk="sda", partition=1)


def parameters(
    cmdline: str = "", there: Sequence[str] = (), host: Volume = HOST, **about: str
) -> str:
    name = about.get("image", "/isos/x.iso")
    fields = {"image": name, "disk": host.name, "label": "MEDIUM 1", **about}
    own = Volume(name=f"{host.name}:{name}", **fields)  # type: ignore[arg-type]
    files = Machine({own.name: dict.fromkeys(there, "")}, volumes=(own, host)).files(own.name)
    words, warning = advise(files, cmdline)
    assert not (words and warning)
    return words or warning


@pytest.mark.parametrize(
    ("cmdline", "there", "words"),
    [
        ("quiet", "/casper/vmlinux", "iso-scan/filename=/isos/x.iso"),
        ("boot=casper maybe", "", "iso-scan/filename=/isos/x.iso"),
        ("boot=live components", "/live/vmlinuz", "findiso=/isos/x.iso"),
        ("root=live:CDLABEL=F rd.live.image", "/LiveOS/a", "iso-scan/filename=/isos/x.iso"),
        (
            "quiet",
            "/LiveOS/squashfs.img",
            r"root=live:CDLABEL=MEDIUM\x201 rd.live.image iso-scan/filename=/isos/x.iso",
        ),
        ("inst.stage2=hd:LABEL=F ro", "/images/install.img", "iso-scan/filename=/isos/x.iso"),
        (
            "ro",
            "/images/install.img",
            r"inst.stage2=hd:LABEL=MEDIUM\x201 iso-scan/filename=/isos/x.iso",
        ),
        (
            "archisobasedir=arch archisolabel=A",
            "/arch/boot/x",
            "img_dev=/dev/disk/by-uuid/11-22 img_loop=/isos/x.iso",
        ),
        ("", "/sysresccd/boot/x", "img_dev=/dev/disk/by-uuid/11-22 img_loop=/isos/x.iso"),
        ("splash=silent", "/boot/ppc64le/linux", "install=hd:/isos/x.iso"),
        ("root=LABEL=nixos", "/nix-store.squashfs", "findiso=/isos/x.iso"),
        ("", "/antiX/linuxfs", "fromiso=/isos/x.iso buuid=11-22"),
        ("", "/pmagic/x", "iso_filename=/isos/x.iso uuid=11-22"),
        ("", "/knoppix/x", "bootfrom=/dev/disk/by-uuid/11-22/isos/x.iso"),
        ("findiso=/isos/x.iso boot=live", "/live/vmlinuz", ""),
        (
            "quiet",
            "/install/vmlinux",
            "Debian's installer looks for its medium on discs, not in files",
        ),
        ("quiet", "/vmlinux", "how its system finds its medium in a file is not known"),
    ],
)
def test_each_system_is_told_in_its_own_way(cmdline: str, there: str, words: str) -> None:
    assert parameters(cmdline, there.split()) == words


def test_a_disk_without_a_uuid_is_told_by_its_name() -> None:
    arch = parameters("archisobasedir=arch", host=Volume(name="vdb"))
    assert arch == "img_dev=/dev/vdb img_loop=/isos/x.iso"


@pytest.mark.parametrize("name", ["/my isos/x.iso", '/a"b.iso', "/a\nb.iso", "/$a.iso"])
def test_a_path_that_no_command_line_can_hold_is_not_put_there(name: str) -> None:
    assert "rename it" in parameters("boot=casper", image=name)


def test_a_label_cannot_add_parameters() -> None:
    said = parameters("", ["/LiveOS/a"], label='a init="b"')
    assert said.startswith(r"root=live:CDLABEL=a\x20init=\x22b\x22 rd.live.image ")


@pytest.mark.parametrize(
    ("cmdline", "result"),
    [
        ("a b", "a b x=1"),
        ("", "x=1"),
        ("a --- quiet", "a x=1 --- quiet"),
        ("a -- init", "a x=1 -- init"),
        ("--- quiet", "x=1 --- quiet"),
        ("a ---", "a x=1 ---"),
        ("a b---c --x", "a b---c --x x=1"),
    ],
)
def test_parameters_stand_where_the_initrd_reads_them(cmdline: str, result: str) -> None:
    entry = Entry(title="t", name="t", config="/c", line=1, cmdline=cmdline)
    assert add_parameters(entry, "x=1").cmdline == result


def test_origins_keep_to_their_words() -> None:
    before, after = (
        Origin("$a", "1", "/c", 1, spans=((0, 3),)),
        Origin("$b", "2", "/c", 2, spans=((8, 11),)),
    )
    entry = Entry(
        title="t", name="t", config="/c", line=1, cmdline="a=1 --- b=2", origins=(before, after)
    )
    new = add_parameters(entry, "x=5")
    parts = [[new.cmdline[slice(*span)] for span in origin.spans] for origin in new.origins]
    assert parts == [["a=1"], ["b=2"], ["x=5"]]
