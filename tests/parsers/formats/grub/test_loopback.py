"""A device made of a file that holds a file system."""

from parsers.api import FileRef
from tests.parsers.formats.grub.runs import DISKS, machine, offered, printed, problems

ISO = "sda2:/isos/x.iso"
LOOPS = """
set iso=/isos/x.iso
menuentry by-device { loopback loop $iso; linux (loop)/casper/vmlinuz find=$iso; initrd (loop)/i }
menuentry by-root { loopback l (hd0,gpt2)$iso; set root=l; linux /casper/vmlinuz; initrd /i }
menuentry not-mine { linux (loop)/casper/vmlinuz }
"""


def test_a_file_that_loopback_has_named_is_a_device() -> None:
    files = machine(LOOPS, {"/isos/x.iso": "…"}, {ISO: {"/casper/vmlinuz": ""}}, DISKS)
    first, second, third = offered(files)
    vmlinuz, initrd = FileRef(device=ISO, path="/casper/vmlinuz"), FileRef(device=ISO, path="/i")
    assert (first.kernel, first.initrds) == (second.kernel, second.initrds) == (vmlinuz, (initrd,))
    assert first.cmdline == "BOOT_IMAGE=(loop)/casper/vmlinuz find=/isos/x.iso"
    assert third.kernel == FileRef(device="loop", path="/casper/vmlinuz")


def test_a_configuration_in_a_file_is_run_and_finds_itself_first() -> None:
    script = """
menuentry iso {
 iso_path=/isos/x.iso
 export iso_path
 loopback loop $iso_path
 root=loop
 configfile /boot/grub/loopback.cfg
}
"""
    inner = """
search --set=here --file /.disk/info
search --set=medium --file $iso_path
menuentry Live { linux ($here)/vmlinuz iso-scan/filename=$iso_path in=$medium }
"""
    iso = {"/boot/grub/loopback.cfg": inner, "/.disk/info": "", "/vmlinuz": ""}
    files = machine(script, {"/isos/x.iso": "…"}, {ISO: iso, "sdc": {"/.disk/info": ""}}, DISKS)
    (live,) = offered(files)
    assert (live.title, live.trail) == ("Live", ("iso",))
    assert live.config == f"({ISO})/boot/grub/loopback.cfg"
    assert live.kernel == FileRef(device=ISO, path="/vmlinuz")
    assert live.cmdline.endswith("iso-scan/filename=/isos/x.iso in=hd0,gpt2")


def test_a_file_that_is_not_there_is_waited_for() -> None:
    entry = "menuentry a { loopback loop (hd0,gpt3)/x.iso; linux (loop)/vmlinuz }"
    (waiting,) = offered(machine(entry, volumes=DISKS))
    assert waiting.waits_for == "the file (hd0,gpt3)/x.iso"
    assert problems(machine("loopback loop /x.iso")) == [(1, "file `/x.iso' not found")]


def test_a_loop_device_keeps_its_name_until_it_is_taken_away() -> None:
    script = """
loopback -d loop; echo $?
loopback loop /one; loopback loop /two; echo $?; test -f (loop)/in1; echo $?
loopback --delete loop; loopback loop /two; test -f (loop)/in2; echo $?
loopback; loopback loop
"""
    inner = {"sda1:/one": {"/in1": ""}, "sda1:/two": {"/in2": ""}}
    files = machine(script, {"/one": "", "/two": ""}, inner)
    said = printed(files).splitlines()
    assert said == [
        "error: device not found.",
        "13",
        "error: device name already exists.",
        *("18", "0", "0"),
        "error: device name required.",
        "error: filename expected.",
    ]


def test_a_partition_in_an_image_is_no_other_disks() -> None:
    script = "menuentry a { loopback loop /isos/x.iso; linux (loop,gpt2)/vmlinuz }"
    (entry,) = offered(machine(script, {"/isos/x.iso": "…"}, {ISO: {}}, DISKS))
    assert entry.kernel == FileRef(device="loop,gpt2", path="/vmlinuz")
