import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from petipy.commands import capture
from petipy.commands.list import COMMAND as main
from tests.trees import lay

ENTRY_KEYS = [
    *("id", "title", "trail", "format", "device", "config", "line", "kernel", "initrds"),
    *("devicetree", "overlays", "signatures", "cmdline", "default", "effects", "missing"),
    "waits_for",
    *("action", "hotkey", "classes", "users", "hidden", "unbootable", "unchecked"),
    *("elsewhere", "also"),
    "dialect",
]
Show = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def disk(tmp_path: Path) -> Callable[..., Path]:
    def make(name: str, files: dict[str, str]) -> Path:
        return lay(tmp_path / name, files)

    return make


@pytest.fixture
def show(capsys: pytest.CaptureFixture[str]) -> Show:
    """`petipy list --json` with these arguments: exit status and answer."""

    def run(*arguments: object) -> tuple[int, dict[str, Any]]:
        status = main(["--json", "--machine", "ppc64le", *map(str, arguments)])
        return status, json.loads(capsys.readouterr().out or "null")

    return run


YABOOT = "timeout=50\ndefault=two\nbad bad = \nimage=/one\nimage=/two\nlabel=two\ninitrd=/i\n"


def test_json_has_exactly_the_keys_of_the_contract(disk: Callable[..., Path], show: Show) -> None:
    root = disk("root", {"/etc/yaboot.conf": YABOOT, "/one": "", "/two": "", "/i": ""})
    status, answer = show(root)
    assert status == 0
    assert list(answer) == ["entries", "problems", "default", "timeout"]
    first, second = answer["entries"]
    assert list(first) == ENTRY_KEYS
    assert second == {
        "id": "root:/etc/yaboot.conf#two",
        "title": "two",
        "trail": [],
        "format": "yaboot",
        "device": "root",
        "config": "/etc/yaboot.conf",
        "line": 5,
        "kernel": {"device": "root", "path": "/two"},
        "initrds": [{"device": "root", "path": "/i"}],
        "devicetree": None,
        "overlays": [],
        "signatures": [],
        "cmdline": "",
        "default": True,
        "effects": [],
        "missing": [],
        "waits_for": None,
        "action": None,
        "hotkey": None,
        "classes": [],
        "users": None,
        "hidden": False,
        "unbootable": None,
        "unchecked": None,
        "elsewhere": False,
        "also": [],
        "dialect": None,
    }
    assert (answer["default"], answer["timeout"]) == (second["id"], 5)
    (problem,) = answer["problems"]
    assert list(problem) == ["device", "config", "line", "message"]
    assert (problem["device"], problem["config"], problem["line"]) == (
        "root",
        "/etc/yaboot.conf",
        3,
    )


def test_submenus_of_grub_are_the_trail(disk: Callable[..., Path], show: Show) -> None:
    text = (
        "set timeout=7\nset default=0\nmenuentry 'One' { linux /v a=b\n initrd /i }\n"
        "submenu 'More' { menuentry 'Two' { linux /v } }\n"
    )
    root = disk("root", {"/boot/grub/grub.cfg": text, "/v": "", "/i": ""})
    _, answer = show(root)
    assert [(e["trail"], e["title"]) for e in answer["entries"]] == [([], "One"), (["More"], "Two")]
    assert answer["timeout"] == 7
    assert answer["default"] == answer["entries"][0]["id"]
    assert answer["entries"][0]["cmdline"].endswith("a=b")


def test_a_grub_cfg_is_read_in_the_dialect_that_it_looks_like_or_in_the_one_asked_for(
    disk: Callable[..., Path], show: Show, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "set kernelopts=a\nmenuentry A { linux /v X\\x20Y }\n"
    root = disk("root", {"/boot/grub/grub.cfg": text, "/v": ""})
    (entry,) = show(root)[1]["entries"]
    assert (entry["dialect"], entry["cmdline"][-7:]) == ("fedora", r" X\x20Y")
    (entry,) = show(root, "--dialect", "debian")[1]["entries"]
    assert (entry["dialect"], entry["cmdline"][-6:]) == ("debian", " Xx20Y")
    assert main([str(root)]) == 0
    assert "grub.cfg:2 (grub, fedora's)" in capsys.readouterr().out


def test_of_a_hidden_entry_it_is_said(
    disk: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    text = "menuentry A { linux /v }\nhiddenentry B --hotkey=b { linux /v b }\n"
    assert main([str(disk("root", {"/boot/grub/grub.cfg": text, "/v": ""}))]) == 0
    first, second = capsys.readouterr().out.split("  B\n")
    assert "    hidden" not in first
    assert "    hidden    the menu does not show it\n    key       b\n" in second


def test_who_may_boot_an_entry_is_told(
    disk: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """A configuration with superusers guards the other formats on its disk, too."""
    locked = "set superusers=root\npassword root x\nmenuentry a --unrestricted { linux /k a }\n"
    root = disk(
        "root",
        {
            "/etc/yaboot.conf": "password=x\nimage=/k\n",
            "/etc/zipl.conf": "[defaultboot]\ndefault=z\n[z]\nimage=/k\nparameters=z\n",
            "/grub.cfg": f"{locked}menuentry b {{ linux /k b }}\n",
            "/k": "",
        },
    )
    assert main([str(root)]) == 0
    said = capsys.readouterr().out
    words = [line.split(None, 1)[1] for line in said.split("\n") if "  users " in line]
    mine = "root, with a password"
    assert words == [mine, f"who has the password and {mine}", mine]
    assert "\n* a\n" in said
    assert "waits for a password" not in said


def test_an_entry_whose_files_are_missing_is_listed_and_is_not_the_one_that_boots(
    disk: Callable[..., Path], show: Show
) -> None:
    text = "image=/gone\ninitrd=/also\nimage=/here\n"
    status, answer = show(disk("root", {"/etc/yaboot.conf": text, "/here": ""}))
    first, second = answer["entries"]
    assert status == 0
    assert first["missing"] == [{"device": "root", "path": p} for p in ("/gone", "/also")]
    assert (first["default"], answer["default"]) == (True, second["id"])


def test_when_the_default_is_to_boot_something_else_that_is_said(
    disk: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    text = (
        "#!ipxe\nmenu\nitem local\nitem install\nchoose --timeout 3000 x && goto ${x}\n"
        ":local\nexit\n:install\nkernel /v\nfdt /board.dtb\nboot\n"
    )
    assert main([str(disk("root", {"/boot.ipxe": text, "/v": "", "/board.dtb": ""}))]) == 0
    out = capsys.readouterr().out
    assert "nothing here boots by itself\n" in out
    assert "    devicetree /board.dtb\n" in out


def test_overlays_of_a_device_tree_are_shown(
    disk: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    text = "LABEL a\nLINUX /v\nFDT /t\nFDTOVERLAYS /b /a\n"
    files = dict.fromkeys(("/v", "/t", "/a", "/b"), "") | {"/boot/extlinux/extlinux.conf": text}
    path = disk("root", files)
    assert main([str(path), "--machine", "aarch64"]) == 0
    assert "    devicetree /t\n    overlay   /b\n    overlay   /a\n" in capsys.readouterr().out
    assert main([str(path), "--json", "--machine", "aarch64"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [file["path"] for file in answer["entries"][0]["overlays"]] == ["/b", "/a"]


def test_signatures_are_shown_with_what_they_sign(
    disk: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    text = "#!ipxe\nkernel v\nimgverify --signer Bob v http://192.0.2.1/v.sig\nboot\n"
    path = disk("root", {"/boot.ipxe": text, "/v": ""})
    assert main([str(path)]) == 0
    assert "    signature /v by http://192.0.2.1/v.sig (Bob)\n" in capsys.readouterr().out
    assert main([str(path), "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["entries"]
    assert entry["signatures"] == [
        {
            "file": {"device": "root", "path": "/v"},
            "place": {"url": "http://192.0.2.1/v.sig"},
            "kind": "cms",
            "signer": "Bob",
        }
    ]


def test_without_any_kernel_the_default_is_what_the_configuration_wants(
    disk: Callable[..., Path], show: Show
) -> None:
    _, answer = show(disk("root", {"/etc/yaboot.conf": "default=b\nimage=/a\nimage=/b\n"}))
    assert answer["default"] == answer["entries"][1]["id"]


def test_an_entry_on_an_absent_device_says_what_it_waits_for(
    disk: Callable[..., Path], show: Show
) -> None:
    root = disk("root", {"/etc/yaboot.conf": 'image="UUID=1234:/v"\n'})
    _, answer = show(root)
    (entry,) = answer["entries"]
    assert entry["waits_for"] == "the file system with UUID 1234"
    assert entry["kernel"] == {"device": "UUID=1234", "path": "/v"}
    assert entry["missing"] == []


def test_several_devices_know_each_other_by_their_names(
    disk: Callable[..., Path], show: Show
) -> None:
    root = disk("root", {"/etc/yaboot.conf": 'image="UUID=1234:/v"\n image="LABEL=a b:/w"\n'})
    other = disk("other, it is", {"/v": "", "/etc/yaboot.conf": "image=/v\n"})
    status, answer = show(
        *("--device", f"vda1={root}"),
        *("--device", f"vdb1={other},uuid=1234,label=a b,partuuid=12-34"),
    )
    assert status == 0
    first, second, third = answer["entries"]
    assert first["kernel"] == {"device": "vdb1", "path": "/v"}
    assert second["missing"] == [{"device": "vdb1", "path": "/w"}]
    assert [e["device"] for e in answer["entries"]] == ["vda1", "vda1", "vdb1"]
    assert [first["waits_for"], second["waits_for"], third["waits_for"]] == [None] * 3
    assert len({e["id"] for e in answer["entries"]}) == 3


def test_ids_are_the_same_at_every_look_and_differ_between_devices_with_one_uuid(
    disk: Callable[..., Path], show: Show
) -> None:
    root = disk("root", {"/etc/yaboot.conf": "image=/v\nlabel=x\nimage=/v\nlabel=x\n"})
    twins = ("--device", f"a={root},uuid=1", "--device", f"b={root},uuid=1")
    ids = [[e["id"] for e in show(*twins)[1]["entries"]] for _ in range(2)]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 4


def test_a_link_out_of_the_tree_leads_nowhere(disk: Callable[..., Path], show: Show) -> None:
    outside = disk("outside", {"/secret": "image=/stolen\n", "/v": ""})
    root = disk("root", {"/yaboot.conf": "image=/v\n"})
    (root / "etc").mkdir()
    (root / "etc/yaboot.conf").symlink_to(outside / "secret")
    (root / "v").symlink_to("../outside/v")
    _, answer = show(root)
    assert [e["title"] for e in answer["entries"]] == ["v"]
    assert answer["entries"][0]["missing"] == [{"device": "root", "path": "/v"}]


def test_an_absolute_link_inside_the_tree_is_followed(
    disk: Callable[..., Path], show: Show
) -> None:
    root = disk("root", {"/boot/yaboot.real": "image=/v\n", "/v": "", "/etc/x": ""})
    (root / "etc/yaboot.conf").symlink_to("/boot/yaboot.real")
    assert [e["config"] for e in show(root)[1]["entries"]] == ["/etc/yaboot.conf"]


def test_a_fifo_and_a_huge_file_cost_nothing_but_themselves(
    disk: Callable[..., Path], show: Show
) -> None:
    root = disk("root", {"/boot/yaboot.conf": "image=/v\n", "/v": "", "/yaboot.conf": ""})
    (root / "etc").mkdir()
    os.mkfifo(root / "etc/yaboot.conf")
    os.truncate(root / "yaboot.conf", 100 << 20)
    _, answer = show(root)
    assert len(answer["entries"]) == 1
    assert {p["config"] for p in answer["problems"]} == {"/yaboot.conf"}
    assert all(len(p["message"]) <= 500 for p in answer["problems"])


@pytest.mark.parametrize(
    ("timeout", "seconds"), [("timeout=0\n", 0), ("timeout=-1\n", None), ("", None)]
)
def test_timeout_is_the_configurations_own(
    disk: Callable[..., Path], show: Show, timeout: str, seconds: float | None
) -> None:
    _, answer = show(disk("root", {"/etc/yaboot.conf": f"{timeout}image=/v\n"}))
    assert answer["timeout"] == seconds


def test_nothing_to_boot_is_status_1(disk: Callable[..., Path], show: Show) -> None:
    empty: dict[str, Any] = {"entries": [], "problems": [], "default": None, "timeout": None}
    assert show(disk("root", {"/x": ""})) == (1, empty)


@pytest.mark.parametrize(
    "arguments",
    [
        ["/does/not/exist"],
        ["--device", "no-equals-sign"],
        ["--device", "a/b=/"],
        ["--device", "=/"],
        ["--device", "a=/tmp", "--device", "a=/tmp"],
        ["--unknown"],
        ["/tmp", "/tmp"],
        ["/dev/null"],
    ],
)
def test_bad_usage_is_status_2_and_says_why(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    out, error = capsys.readouterr()
    assert not out
    assert "petipy list: " in error


def test_a_file_that_is_no_disk_image_is_a_problem(tmp_path: Path, show: Show) -> None:
    image = tmp_path / "noise.img"
    image.write_bytes(b"\x55" * 100_000)
    status, answer = show(image)
    assert status == 1
    ((device, line),) = [(p["device"], p["line"]) for p in answer["problems"]]
    assert (device, line) == ("noise", 0)


def test_a_qcow2_image_is_told_from_noise(tmp_path: Path, show: Show) -> None:
    image = tmp_path / "disk.qcow2"
    image.write_bytes(b"QFI\xfb" + bytes(100))
    assert "qemu-img convert" in show(image)[1]["problems"][0]["message"]


def test_text_shows_all_that_matters(
    disk: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    text = "timeout=50\nfoo\nimage=/v\nlabel=one\nappend=quiet\ninitrd=/gone\nimage=/v\nlabel=two\n"
    root = disk("root", {"/etc/yaboot.conf": text, "/v": ""})
    assert main([str(root)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"root: {root}",
        "  one",
        "    from      /etc/yaboot.conf:3 (yaboot)",
        "    kernel    /v",
        "    initrd    /gone",
        "    cmdline   quiet",
        "    ! missing: (root)/gone",
        "* two",
        "    from      /etc/yaboot.conf:7 (yaboot)",
        "    kernel    /v",
        "",
        "boots * after 5 seconds",
        "(root)/etc/yaboot.conf:2: unknown setting: 'foo'",
        "  foo",
        "  ^",
    ]


def test_a_system_that_is_not_linux_is_told_and_listed_when_asked_for(
    disk: Callable[..., Path], show: Show, capsys: pytest.CaptureFixture[str]
) -> None:
    root = disk("esp", {"/EFI/Microsoft/Boot/bootmgfw.efi": "MZ", "/etc/yaboot.conf": YABOOT})
    status, answer = show(root)
    assert status == 0
    assert "Windows Boot Manager" not in [entry["title"] for entry in answer["entries"]]
    main([str(root)])
    assert "Windows Boot Manager is not bootable by kexec" in capsys.readouterr().out
    status, answer = show(root, "--show-foreign")
    (windows,) = [e for e in answer["entries"] if e["format"] == "foreign"]
    assert windows["unbootable"].startswith("not bootable by kexec")


LOOP = """\
menuentry Live {
 loopback loop /isos/live.iso
 probe --label --set=name (loop)
 linux (loop)/casper/vmlinuz root=live:CDLABEL=$name iso-scan/filename=/isos/live.iso
}
"""
LIVE = {
    "/boot/grub/grub.cfg": "menuentry Disc { linux /casper/vmlinuz }",
    "/boot/grub/loopback.cfg": "menuentry Try { linux /casper/vmlinuz quiet }",
    "/casper/vmlinuz": "kernel",
}


@pytest.mark.skipif(not shutil.which("xorriso"), reason="needs xorriso")
def test_iso_files_are_read_without_the_right_to_mount(
    disk: Callable[..., Path],
    show: Show,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    stick = disk("stick", {"/boot/grub/grub.cfg": LOOP, "/isos/x": ""})
    iso = stick / "isos/live.iso"
    options = ["-as", "mkisofs", "-r", "-V", "LIVE", "-o", str(iso), str(disk("live", LIVE))]
    subprocess.run(["xorriso", *options], check=True, capture_output=True)
    (stick / "isos/other.iso").write_bytes(b"hsqs" + bytes(100))
    _, answer = show(stick)
    by_file, inside = answer["entries"]
    assert by_file["cmdline"].endswith("root=live:CDLABEL=LIVE iso-scan/filename=/isos/live.iso")
    assert by_file["missing"] == []
    assert (inside["title"], inside["device"]) == ("Try", "stick:/isos/live.iso")
    assert inside["kernel"] == {"device": "stick:/isos/live.iso", "path": "/casper/vmlinuz"}
    assert inside["cmdline"].endswith("quiet iso-scan/filename=/isos/live.iso")
    assert [(p["config"], p["message"]) for p in answer["problems"]] == [
        ("/isos/other.iso", "only root can look into it: it holds squashfs")
    ]
    # The file alone is a disc. A captured machine offers what this one does.
    _, alone = show(iso)
    (disc,) = alone["entries"]
    assert (disc["title"], disc["kernel"]["device"], disc["missing"]) == ("Disc", "live", [])
    assert capture.COMMAND([str(stick)]) == 0
    (tmp_path / "machine.json").write_text(capsys.readouterr().out)
    _, replayed = show("--machine", tmp_path / "machine.json")
    assert replayed["entries"] == answer["entries"]


def test_a_default_in_another_disks_menu_boots_and_is_listed_once(
    disk: Callable[..., Path], show: Show
) -> None:
    body = "search --set=root --fs-uuid u2; configfile /boot/grub/grub.cfg"
    go = f"set timeout=5\nmenuentry Go {{ {body} }}"
    one = disk("one", {"/boot/grub/grub.cfg": go})
    two = disk("two", {"/boot/grub/grub.cfg": "menuentry B { linux /k }", "/k": ""})
    _, answer = show("--device", f"sda1={one},uuid=u1", "--device", f"sda2={two},uuid=u2")
    (entry,) = answer["entries"]
    assert (entry["title"], entry["device"], entry["trail"]) == ("B", "sda1", ["Go"])
    assert (answer["default"], answer["timeout"]) == (entry["id"], 5)


def test_a_default_that_switches_off_boots_nothing_by_itself(
    disk: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    text = "DEFAULT off\nLABEL off\nCOM32 poweroff.c32\n"
    assert main([str(disk("root", {"/syslinux.cfg": text}))]) == 0
    out = capsys.readouterr().out
    assert "* off\n" in out
    assert out.rstrip().endswith("nothing here boots by itself")


def test_an_entry_with_a_signature_of_openpgp_says_that_it_needs_a_keyring(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "set timeout=5\nset check_signatures=enforce\nmenuentry a { linux /v }\n"
    params = {"siaddr": "192.0.2.1", "bootfile": "grub/core.elf"}
    about = {
        "machine": "ppc64le",
        "network": [{"device": "eth0", "mac": "52:54:00:00:00:01", "params": params}],
        "urls": {"tftp://192.0.2.1/grub/grub.cfg": text},
    }
    file = tmp_path / "machine.json"
    file.write_text(json.dumps(about))
    assert main(["--machine", str(file)]) == 0
    shown = capsys.readouterr().out
    assert "only where the image of Petipy has a keyring" in shown
    assert "nothing here boots by itself" in shown
    assert main(["--json", "--machine", str(file)]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["entries"]
    (signature,) = entry["signatures"]
    assert signature["place"] == {"url": "tftp://192.0.2.1/v.sig"}
    assert signature["kind"] == "openpgp"


def test_a_machine_file_with_servers_answers_by_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = {
        "machine": "ppc64le",
        "network": [
            {
                "device": "eth0",
                "mac": "52:54:00:12:34:56",
                "params": {"ip": "192.0.2.9", "siaddr": "192.0.2.1", "bootfile": "grub/core.elf"},
            }
        ],
        "urls": {"tftp://192.0.2.1/grub/grub.cfg": "menuentry One { linux /vmlinux }"},
    }
    file = tmp_path / "machine.json"
    file.write_text(json.dumps(machine))
    assert main(["--json", "--lease", str(file)]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [entry["title"] for entry in answer["entries"]] == ["One"]
    (network,) = answer["networks"]
    good = [request["url"] for request in network["requests"] if request["good"]]
    assert good == ["tftp://192.0.2.1/grub/grub.cfg"]
    asked = [request["url"] for request in network["requests"]]
    assert asked == network["places"][: len(asked)]
    assert [*network["lease"]][:3] == ["interface", "mac", "links"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--architecture", "70000"], "invalid processor type value: '70000'"),
        (["--architecture", "pseries"], "invalid processor type value: 'pseries'"),
        (["--user-class", "x" * 256], "--user-class: more than 255 bytes"),
    ],
)
def test_what_no_dhcp_server_can_be_told_is_refused(
    words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        status: object = main(["--network", *words])
    except SystemExit as end:
        status = end.code
    assert status == 2
    assert complaint in capsys.readouterr().err
