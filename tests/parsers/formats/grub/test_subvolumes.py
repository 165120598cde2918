"""The subvolumes of a btrfs, in which SUSE's GRUB and Red Hat's look for paths."""

from collections.abc import Mapping

import pytest

from parsers.api import Entry, Files, Volume
from parsers.formats.grub.language.family import DEBIAN, FEDORA, SUSE, Family
from petipy.scan.subvolumes import SubvolumeFiles
from tests.effort import ending
from tests.fakes import Machine
from tests.parsers.formats.grub.runs import CONFIG, offered, preferences, printed, problems

BTRFS = Volume(name="sda2", uuid="aaaa-1", fs="btrfs", disk="sda", partition=2, scheme="gpt")
SNAPSHOT = "/@/.snapshots/4/snapshot"
KERNELS = {f"{top}/boot/vmlinuz": "k" for top in ("", "/@", SNAPSHOT)}
RELATIVE = "set btrfs_relative_path=y\n"


def disk(
    script: str,
    files: Mapping[str, str] | None = None,
    default: str = "",
    volumes: tuple[Volume, ...] = (BTRFS,),
) -> Files:
    trees = {"sda2": {CONFIG: script, **KERNELS, **(files or {})}}
    return Machine(trees, volumes=volumes, default=default).files("sda2")


def kernel(script: str, family: Family, default: str = "/@") -> str:
    (entry,) = offered(
        disk(f"{script}menuentry A {{ linux /boot/vmlinuz }}", default=default), family=family
    )
    assert entry.kernel
    return entry.kernel.path


@pytest.mark.parametrize("family", [SUSE, FEDORA])
@pytest.mark.parametrize(
    ("script", "path"),
    [
        ("", "/boot/vmlinuz"),
        (f"btrfs_subvol={SNAPSHOT}\n", "/boot/vmlinuz"),
        (f"{RELATIVE}btrfs_subvol={SNAPSHOT}\n", f"{SNAPSHOT}/boot/vmlinuz"),
        (f"btrfs_subvol={SNAPSHOT}\nbtrfs_relative_path=1\n", f"{SNAPSHOT}/boot/vmlinuz"),
        (f"{RELATIVE}btrfs_subvol=@/.snapshots/4/snapshot\n", f"{SNAPSHOT}/boot/vmlinuz"),
        (f"{RELATIVE}btrfs_subvol={SNAPSHOT}\nset btrfs_relative_path=n\n", "/boot/vmlinuz"),
        (f"{RELATIVE}btrfs_subvol=/@/none\n", "/@/none/boot/vmlinuz"),
        (f"{RELATIVE}btrfs_subvolid=5\n", "/boot/vmlinuz"),
        (f"{RELATIVE}btrfs_subvolid=259\n", "/(subvolume ID 259)/boot/vmlinuz"),
        (f"{RELATIVE}btrfs_subvolid=259\nbtrfs_subvol=/@\n", "/@/boot/vmlinuz"),
        (RELATIVE, "/@/boot/vmlinuz"),
        (f"{RELATIVE}btrfs_subvol=\n", "/@/boot/vmlinuz"),
        (f"{RELATIVE}btrfs_subvol={SNAPSHOT}\nunset btrfs_subvol\n", "/@/boot/vmlinuz"),
    ],
)
def test_where_a_path_begins(family: Family, script: str, path: str) -> None:
    assert kernel(script, family) == path


def test_debians_grub_begins_at_the_top() -> None:
    assert kernel(f"{RELATIVE}btrfs_subvol={SNAPSHOT}\n", DEBIAN) == "/boot/vmlinuz"


def test_another_file_system_has_no_subvolumes() -> None:
    ext4 = Volume(name="sda2", uuid="aaaa-1", fs="ext4", disk="sda", partition=2, scheme="gpt")
    script = f"{RELATIVE}btrfs_subvol={SNAPSHOT}\nmenuentry A {{ linux /boot/vmlinuz }}"
    (entry,) = offered(disk(script, volumes=(ext4,)), family=SUSE)
    assert entry.kernel
    assert entry.kernel.path == "/boot/vmlinuz"


def test_a_kernel_that_the_subvolume_lacks_is_not_taken_from_another() -> None:
    script = f"{RELATIVE}btrfs_subvol={SNAPSHOT}\n"
    files = disk(f"{script}menuentry A {{ linux /boot/old }}", {"/boot/old": "", "/@/boot/old": ""})
    (entry,) = offered(files, family=SUSE)
    assert entry.kernel
    assert entry.kernel.path == f"{SNAPSHOT}/boot/old"
    assert files.kind(entry.kernel.path) is None


# As SUSE's scripts write it: the snapshots are mounted, and each has a configuration of its own.
CONFIGURATION = f"""
{RELATIVE}export btrfs_relative_path
load_env -f ${{config_directory}}/grubenv
menuentry "Today $mark" {{
 linux /boot/vmlinuz $extra_cmdline
 initrd /boot/initrd
}}
if [ -z "$extra_cmdline" ]; then
 btrfs-mount-subvol ($root) /.snapshots /@/.snapshots
 if [ -f /.snapshots/grub-snapshot.cfg ]; then
  source /.snapshots/grub-snapshot.cfg
 fi
fi
"""
MENU = """
submenu Snapshots {
 if [ -f /.snapshots/4/snapshot/boot/grub/grub.cfg ]; then
  menuentry "Number 4" "/.snapshots/4/snapshot" "/@/.snapshots/4/snapshot" {
   btrfs_subvol="$3"
   extra_cmdline="rootflags=subvol=$3"
   export extra_cmdline
   configfile "$2/boot/grub/grub.cfg"
  }
 fi
}
"""


def block(mark: str) -> str:
    return f"# GRUB Environment Block\nmark={mark}\n"


def brief(entry: Entry) -> tuple[str, str, list[str], str]:
    assert entry.kernel
    title = " > ".join((*entry.trail, entry.title))
    return title, entry.kernel.path, [i.path for i in entry.initrds], entry.config


def test_a_snapshot_boots_its_own_kernel_from_its_own_configuration() -> None:
    files = {
        "/@/boot/initrd": "i",
        f"/@{CONFIG}": CONFIGURATION,
        "/@/boot/grub/grubenv": block("at"),
        f"{SNAPSHOT}{CONFIG}": CONFIGURATION,
        f"{SNAPSHOT}/boot/grub/grubenv": block("four"),
        "/@/.snapshots/grub-snapshot.cfg": MENU,
    }
    today, snapshot = offered(disk(CONFIGURATION, files, default="/@"), family=SUSE)
    assert brief(today) == ("Today at", "/@/boot/vmlinuz", ["/boot/initrd"], CONFIG)
    assert brief(snapshot) == (
        "Snapshots > Number 4 > Today four",
        f"{SNAPSHOT}/boot/vmlinuz",
        [f"{SNAPSHOT}/boot/initrd"],
        f"{SNAPSHOT}{CONFIG}",
    )
    assert snapshot.cmdline == f"BOOT_IMAGE=/boot/vmlinuz rootflags=subvol={SNAPSHOT}"


def test_a_snapshot_is_found_in_a_tree_that_is_a_part_of_the_file_system() -> None:
    inner = "/.snapshots/4/snapshot"
    script = f"{RELATIVE}btrfs_subvol={SNAPSHOT}\nmenuentry A {{ linux {inner}/boot/vmlinuz }}"
    trees = {"sda2": {CONFIG: script, "/boot/vmlinuz": "", f"{inner}/boot/vmlinuz": ""}}
    (entry,) = offered(Machine(trees, volumes=(BTRFS,)).files("sda2"), family=SUSE)
    assert entry.kernel
    assert entry.kernel.path == f"{inner}/boot/vmlinuz"


def test_a_configuration_in_a_subvolume_means_that_one() -> None:
    script = f"{RELATIVE}echo $config_directory\nmenuentry A {{ linux /boot/vmlinuz }}"
    files = SubvolumeFiles(disk("", {f"/@{CONFIG}": script}), "/@", from_top=True)
    (entry,) = offered(files, f"/@{CONFIG}", family=SUSE)
    item = files.item(entry)
    assert isinstance(item, Entry)
    assert item.kernel
    assert item.kernel.path == "/@/boot/vmlinuz"
    assert printed(files, f"/@{CONFIG}", SUSE) == "(hd0,gpt2)/boot/grub\n"


@pytest.mark.parametrize(
    ("script", "output"),
    [
        ("btrfs-get-default-subvol -p -o x ($root)\necho $x", "/@"),
        ("btrfs-get-default-subvol -p hd0,gpt2", "/@"),
        ("btrfs-mount-subvol ($root) /m", "error: required <dev> <dir> and <subvol>."),
        ("btrfs-mount-subvol (hd9) /m /@", "error: disk `hd9' not found."),
        (
            "btrfs-mount-subvol ($root) /m /@/none\necho $?",
            "error: the subvolume /@/none is not there.\n5",
        ),
        (f"{RELATIVE}btrfs-mount-subvol ($root) /m /@\ncat /m/x", "inner"),
        (f"{RELATIVE}btrfs-mount-subvol ($root) /m @/\nls /m", "boot/ x"),
        (f"{RELATIVE}for f in /b*t/*; do echo $f; done", "/boot/vmlinuz"),
        (f"{RELATIVE}btrfs_subvol=/@\nif [ -e /x ]; then cat /x; fi", "inner"),
    ],
)
def test_what_the_commands_see(script: str, output: str) -> None:
    found = printed(disk(f"insmod regexp\n{script}", {"/@/x": "inner"}, "/@"), family=SUSE)
    assert found.strip() == output


# SUSE's Elemental has one menu for all of its snapshots.
ELEMENTAL = """
function set_volume {
 set btrfs_relative_path=y
 if [ -d "@/.snapshots/4/snapshot" ]; then
  set path="/@/.snapshots/$1/snapshot"
 else
  set path=""
  if [ -n "$1" ]; then btrfs-mount-subvol ($root) / "@/.snapshots/$1/snapshot"; fi
 fi
}
menuentry Active { set_volume; linux ($root)$path/boot/vmlinuz }
menuentry Passive 4 { set_volume $2; linux ($root)$path/boot/vmlinuz }
menuentry Other { linux ($root)/boot/vmlinuz }
"""


@pytest.mark.parametrize("default", ["/@/.snapshots/5/snapshot", ""])
def test_an_entry_may_mount_a_subvolume_over_everything(default: str) -> None:
    active, none = "/@/.snapshots/5/snapshot", "/@/.snapshots/snapshot"
    files = disk(ELEMENTAL, {f"{active}/boot/vmlinuz": ""}, default)
    assert [brief(entry)[:2] for entry in offered(files, family=SUSE)] == [
        ("Active", f"{active if default else none}/boot/vmlinuz"),
        ("Passive", f"{SNAPSHOT}/boot/vmlinuz"),
        ("Other", "/boot/vmlinuz"),
    ]


def test_a_subvolume_that_a_directory_cannot_have_is_no_mistake() -> None:
    script = "btrfs-mount-subvol ($root) /m /@/none\nmenuentry A { linux /k }"
    assert problems(disk(script), SUSE) == [(1, "the subvolume /@/none is not there")]
    assert problems(Machine({"root": {CONFIG: script}}).files("root"), SUSE) == []


def test_a_very_long_name_and_very_many_mounts_are_no_long_work() -> None:
    name = "/a" * 1000
    script = f"{RELATIVE}btrfs_subvol={name}\nmenuentry A {{ linux /boot/vmlinuz }}"
    with ending():
        (entry,) = offered(disk(script), family=SUSE)
    assert entry.kernel
    assert entry.kernel.path == "/(no subvolume)/boot/vmlinuz"
    mounts = "".join(f"btrfs-mount-subvol ($root) /{n} /@\n" for n in range(100))
    assert problems(disk(mounts), SUSE) == [(65, "more than 64 subvolumes are mounted")]


def test_the_choice_reaches_submenus_and_goes_on_after_them() -> None:
    script = (
        f"{RELATIVE}btrfs_subvol={SNAPSHOT}\nsubmenu S {{ menuentry A {{ linux /boot/vmlinuz }} }}"
    )
    assert [brief(e)[1] for e in offered(disk(script), family=SUSE)] == [f"{SNAPSHOT}/boot/vmlinuz"]
    assert preferences(disk(script), SUSE).dialect == "suse"
