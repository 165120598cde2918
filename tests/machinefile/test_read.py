"""A machine in a file: what it says is there is there, and replaying it is like being on it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from petipy.commands.list import COMMAND as main
from petipy.machinefile.machine import Machine
from petipy.machinefile.read import BadMachine, load, parse
from tests.cases import find

GRUB_CFG = "search --set=root --fs-uuid 12-34\nmenuentry A {\n linux /vmlinuz a=b\n initrd /i\n}\n"
DISK: dict[str, Any] = {
    "name": "hd0,gpt2",
    "uuid": "12-34",
    "label": None,
    "fs": "ext2",
    "files": {"/boot/grub/grub.cfg": GRUB_CFG, "/i": ""},
    "sizes": {"/vmlinuz": 12_000_000},
    "directories": ["/empty", "/boot/other/"],
    "some day": ["another", "key"],
}
MACHINE = {"platform": "powerpc-ieee1275", "root": "hd0,gpt2", "devices": [DISK], "unknown": 1}


def machine(**changes: Any) -> Machine:
    return parse(MACHINE | changes, Path("nowhere"))


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    def write(**changes: Any) -> Path:
        (tmp_path / "machine.json").write_text(json.dumps(MACHINE | changes))
        return tmp_path / "machine.json"

    return write


def test_files_known_only_by_name_are_there() -> None:
    files = machine().files("hd0,gpt2")
    assert (files.kind("/vmlinuz"), files.size("/vmlinuz")) == ("file", 12_000_000)
    assert files.read("/vmlinuz") == ""
    assert files.read("/boot/../i") == ""
    assert files.read("/nothing") is None
    assert (files.kind("/nothing"), files.size("/nothing")) == (None, 0)


def test_the_board_is_what_the_file_says() -> None:
    assert machine(compatible=["a,b", "a"]).files("hd0,gpt2").host.compatible == ("a,b", "a")
    with pytest.raises(BadMachine, match="compatible"):
        machine(compatible="a,b")


def test_directories_are_those_of_the_files_and_those_that_are_named() -> None:
    files = machine().files("hd0,gpt2")
    assert files.names("/") == ["boot", "empty", "i", "vmlinuz"]
    assert files.names("/boot/") == ["grub", "other"]
    assert (files.names("/empty"), files.names("/none")) == ([], [])
    assert [files.kind(p) for p in ("/", "/empty", "/boot/grub", "/boot/gru")] == [
        *("directory", "directory", "directory"),
        None,
    ]


def test_links_lead_to_what_the_file_says_is_there() -> None:
    links = {"/vmlinuz.old": "boot/../vmlinuz", "/grub": "/boot/grub", "/up": "../empty"}
    files = machine(devices=[DISK | {"links": links | {"/a": "b", "/b": "a"}}]).files("hd0,gpt2")
    assert (files.kind("/vmlinuz.old"), files.size("/vmlinuz.old")) == ("file", 12_000_000)
    assert files.read("/grub/grub.cfg") == GRUB_CFG
    assert (files.names("/grub"), files.kind("/up")) == (["grub.cfg"], "directory")
    assert (files.link("/grub"), files.link("/vmlinuz")) == ("/boot/grub", "")
    assert (files.kind("/a"), files.read("/a/x"), files.link("/a")) == (None, None, "b")
    assert {"grub", "a", "up"} <= set(files.names("/"))


def test_times_of_files_are_those_of_the_file() -> None:
    files = machine(devices=[DISK | {"times": {"/i": 5}}]).files("hd0,gpt2")
    assert (files.modified("/i"), files.modified("/vmlinuz")) == (5, 0)


def test_grubs_name_of_a_partition_says_its_disk_and_number() -> None:
    (volume,) = machine().volumes
    assert (volume.disk, volume.partition, volume.scheme) == ("hd0", 2, "gpt")
    name = "ieee1275//vdevice/v-scsi@3000006c/disk@81,gpt2"
    (volume,) = machine(devices=[DISK | {"name": name}]).volumes
    assert volume.firmware_path == "/vdevice/v-scsi@3000006c/disk@81"
    (volume,) = machine(devices=[DISK | {"name": "md/0"}]).volumes
    assert (volume.disk, volume.partition) == ("md/0", 0)


def test_what_the_file_says_of_a_volume_goes_before_what_its_name_says() -> None:
    said = {"disk": "", "partition": 7, "scheme": "msdos", "partuuid": "p", "partlabel": "l"}
    (volume,) = machine(devices=[DISK | said]).volumes
    assert (volume.disk, volume.partition, volume.scheme) == ("", 7, "msdos")
    assert (volume.partuuid, volume.partlabel) == ("p", "l")


@pytest.mark.parametrize(
    "wrong",
    [
        {"devices": []},
        {"devices": {}},
        {"devices": [[]]},
        {"devices": [{"files": {}}]},
        {"devices": [DISK, DISK]},
        {"devices": [DISK | {"files": []}]},
        {"devices": [DISK | {"files": {"/x": 1}}]},
        {"devices": [DISK | {"sizes": {"/x": -1}}]},
        {"devices": [DISK | {"directories": "/x"}]},
        {"devices": [DISK | {"links": {"/x": {}}}]},
        {"devices": [DISK | {"times": {"/x": "noon"}}]},
        {"devices": [DISK | {"partition": "two"}]},
        {"devices": [DISK | {"uuid": 12}]},
        {"devices": [DISK | {"files": {"/x": "@/etc/passwd"}}]},
        {"devices": [DISK | {"files": {"/x": "@../x"}}]},
        {"devices": [DISK | {"files": {"/x": "@gone"}}]},
        {"env": []},
        {"platform": 7},
    ],
)
def test_what_describes_no_machine_says_why(
    wrong: dict[str, Any], written: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BadMachine):
        load(str(written(**wrong)))
    assert main(["--machine", str(written(**wrong))]) == 2
    assert "petipy list: " in capsys.readouterr().err


def test_a_link_beside_the_machine_file_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "inner/link").symlink_to(tmp_path / "secret")
    with pytest.raises(BadMachine):
        parse(MACHINE | {"devices": [DISK | {"files": {"/x": "@link"}}]}, tmp_path / "inner")


def test_texts_may_lie_beside_and_any_bytes_come_back(tmp_path: Path) -> None:
    (tmp_path / "a.cfg").write_bytes(b"\xff menu")
    device = DISK | {"files": {"/x": "@a.cfg"}, "literal": {"/y": "@home"}}
    files = parse(MACHINE | {"devices": [device]}, tmp_path).files("hd0,gpt2")
    assert (files.read("/x"), files.read("/y")) == ("\udcff menu", "@home")


def test_list_replays_a_machine(
    written: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--json", "--machine", str(written())]) == 0
    answer = json.loads(capsys.readouterr().out)
    (entry,) = answer["entries"]
    assert (entry["title"], entry["cmdline"]) == ("A", "BOOT_IMAGE=/vmlinuz a=b")
    assert (entry["missing"], entry["waits_for"], answer["problems"]) == ([], None, [])
    assert answer["default"] == entry["id"]


def test_a_configuration_in_an_unusual_place_is_read_when_the_machine_names_it(
    written: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    device = DISK | {"files": {"/strange.cfg": GRUB_CFG}}
    assert main(["--machine", str(written(devices=[device], config="/strange.cfg"))]) == 0
    assert "/strange.cfg:2" in capsys.readouterr().out


def test_the_same_option_still_names_the_machine(
    written: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    config = 'menuentry "on $grub_cpu" { linux /vmlinuz }\n'
    device = DISK | {"files": {"/boot/grub/grub.cfg": config}}
    path = str(written(devices=[device]))
    assert main(["--machine", path, "--machine", "x86_64"]) == 0
    assert "on x86_64" in capsys.readouterr().out
    assert main(["--machine", path]) == 0
    assert "on powerpc" in capsys.readouterr().out
    assert main(["--machine", path, "/"]) == 2
    assert main(["--machine", path, "--machine", path]) == 2


@pytest.mark.shared("corpus")
def test_every_real_machine_can_be_replayed(capsys: pytest.CaptureFixture[str]) -> None:
    described = find("corpus/**/*.machine.json")[::10]
    assert described
    for path in described:
        assert main(["--json", "--machine", str(path)]) in (0, 1)
        answer = json.loads(capsys.readouterr().out)
        assert not [p for p in answer["problems"] if "parser failed" in p["message"]]


NETWORK: dict[str, Any] = {
    "devices": None,
    "network": [{"device": "eth0", "mac": "52:54:00:00:00:01", "params": {"siaddr": "host"}}],
    "urls": {"tftp://host//x": "text"},
}


def test_a_lease_is_that_of_its_interface_and_only_the_urls_of_the_file_answer() -> None:
    files = machine(**NETWORK).files("eth0")
    mac = {"interface": "eth0", "mac": "52:54:00:00:00:01", "links": "eth0=52:54:00:00:00:01"}
    assert files.host.lease == {"siaddr": "host"} | mac
    assert (files.host.fetch("tftp://host/./x"), files.host.fetch("tftp://host/y")) == (
        "text",
        None,
    )
    assert files.names("/") == []


def test_a_machine_may_have_a_network_and_no_disks(written: Callable[..., Path]) -> None:
    interface = {"device": "eth0", "mac": "52:54:00:00:00:01", "params": {"ip": "10.0.0.2"}}
    about = {"network": [interface]}
    for machine in (about, about | {"devices": []}):
        assert [volume.name for volume in parse(machine, Path()).volumes] == ["eth0"]


def test_disks_know_nothing_of_interfaces() -> None:
    both = machine(**NETWORK | {"devices": [DISK]})
    assert [v.name for v in both.volumes] == ["hd0,gpt2", "eth0"]
    assert [v.name for v in both.files("hd0,gpt2").host.volumes] == ["hd0,gpt2"]
    assert both.files("hd0,gpt2").host.lease == {}


def test_texts_of_urls_may_lie_beside_the_machine_file(tmp_path: Path) -> None:
    (tmp_path / "a.cfg").write_text("menu")
    host = parse(MACHINE | NETWORK | {"urls": {"http://h/a": "@a.cfg"}}, tmp_path)
    assert host.files("eth0").host.fetch("http://h/a") == "menu"


def test_a_file_that_is_no_text_is_known_by_its_size_and_some_of_its_bytes() -> None:
    kernel = {"size": 40_000_000, "pieces": [[0, "f0VMRg=="]]}
    host = machine(**NETWORK | {"urls": {"http://h/k": kernel, "http://h/t": "text"}})
    about = host.files("eth0").host
    assert about.fetch("http://h/k") is None
    assert about.piece("http://h/k", 1, 3) == (b"ELF", 40_000_000)
    assert about.piece("http://h/t", 2, 9) == (b"xt", 4)
    assert about.piece("http://h/none", 0, 9) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"urls": {"http://h/k": {"size": -1}}},
        {"urls": {"http://h/k": {"pieces": [[0, "?"]]}}},
        {"network": {}},
        {"network": [[]]},
        {"network": []},
        {"network": [{"device": 1}]},
        {"network": [{"params": {"ip": 1}}]},
        {"network": [{"device": "a"}, {"device": "a"}]},
        {"urls": []},
        {"urls": {"http://h/": 1}},
        {"urls": {"http://h/": "@../x"}},
    ],
)
def test_a_network_that_is_none_is_told(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadMachine):
        machine(**NETWORK | wrong)


def test_list_tells_what_the_network_lacks(
    written: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    params = {"siaddr": "host", "bootfile": "pxelinux.0"}
    network = [{"device": "eth0", "params": params}]
    assert main(["--machine", str(written(**NETWORK | {"network": network}))]) == 1
    said = capsys.readouterr().out
    assert "eth0: network" in said
    assert "eth0: no configuration at tftp://host/pxelinux.cfg/default" in said


def test_list_offers_the_kernel_that_dhcp_names(
    written: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    network = [{"params": {"siaddr": "host", "bootfile": "vmlinux"}}]
    assert main(["--json", "--machine", str(written(**NETWORK | {"network": network}))]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["entries"]
    assert (entry["device"], entry["kernel"]) == ("eth0", {"url": "tftp://host/vmlinux"})
