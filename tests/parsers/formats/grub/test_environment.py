"""Environment blocks, in files and outside of files."""

from dataclasses import replace

import pytest

from parsers.api import FileRef, Files, Origin, Volume
from tests.parsers.formats.grub.runs import ROOT, machine, offered, printed, problems

BTRFS = replace(ROOT, fs="btrfs")
SIGNATURE = "# GRUB Environment Block\n"
# The beginning of openSUSE's grub.cfg.
SUSE = """
load_env
if [ "${env_block}" ]; then
  set env_block="(${root})${env_block}"
  export env_block
  load_env -f "${env_block}"
fi
if [ "${next_entry}" ]; then
  set default="${next_entry}"
  set next_entry=
  save_env next_entry
  if [ "${env_block}" ]; then
    save_env -f "${env_block}" next_entry
  fi
else
  set default="${saved_entry}"
fi
function savedefault {
  if [ -z "${boot_once}" ]; then
    saved_entry="${chosen}"
    save_env saved_entry
    if [ "${env_block}" ]; then save_env -f "${env_block}" saved_entry; fi
  fi
}
menuentry A { savedefault; linux /a }
menuentry B { savedefault; linux /b }
"""


def suse(kept: str, volume: Volume = BTRFS) -> Files:
    """Run with the block that is kept outside of files; "" if it is not known."""
    block = f"{SIGNATURE}env_block=512+1\n".ljust(1024, "#")
    device = bytes(512 * 512) + kept.ljust(512, "#").encode() if kept else b""
    files: dict[str, str | bytes] = {"/boot/grub/grubenv": block, "": device}
    return machine(SUSE, files, volumes=(volume,))


def test_the_block_that_is_in_no_file_of_a_btrfs_counts() -> None:
    files = suse(f"{SIGNATURE}next_entry=B\nsaved_entry=A\n")
    assert problems(files) == []
    first, second = offered(files)
    assert (first.default, second.default) == (False, True)
    assert second.default_from[-1] == Origin("$next_entry", "B", "blocks 512+1", 2, how="load_env")


def test_what_is_saved_there_is_an_effect_on_the_device_and_no_file_is_tried() -> None:
    (effect,) = offered(suse(f"{SIGNATURE}next_entry=B\n"))[1].effects
    assert effect.file == FileRef(offset=256 << 10, size=512)
    assert str(effect.file) == "blocks 512+1"
    assert effect.values == (("next_entry", ""), ("saved_entry", "B"))


def test_a_block_that_is_none_is_a_problem() -> None:
    assert problems(suse("nothing")) == [(6, "invalid environment block")]


def test_a_block_that_cannot_be_looked_at_is_told_of() -> None:
    unread = (
        "what is kept in blocks 512+1 of the disk, in no file, is not read:"
        " an entry chosen by grub-reboot does not count"
    )
    unsaved = "what is to be saved in blocks 512+1 of the disk, in no file, is not saved"
    assert problems(suse("")) == [(6, unread), (22, unsaved)]
    assert offered(suse(""))[0].effects == ()


@pytest.mark.parametrize("blocks", ["600+1,8+1", "1+1", "519+2", "512+0", "+1", "99999999999+1"])
def test_only_the_place_where_grub_keeps_it_is_looked_at(blocks: str) -> None:
    files = machine(f"load_env -f {blocks}", {"": b"#" * 600_000})
    ((line, message),) = problems(files)
    assert line == 1
    assert "is not read" in message


def test_save_env_is_an_effect_that_a_load_env_sees() -> None:
    block = "# GRUB Environment Block\na=1\n" + "#" * 200
    script = "load_env\nset a=2\nsave_env a b\nunset a\nload_env\necho $a\nmenuentry A { true }"
    files = machine(script, {"/boot/grub/grubenv": block})
    assert printed(files) == "2\n"
    (effect,) = offered(files)[0].effects
    assert effect.file == FileRef(path="/boot/grub/grubenv")
    assert effect.values == (("a", "2"), ("b", None))


def test_an_environment_block_that_is_not_there_is_a_problem() -> None:
    assert problems(machine("true\nload_env")) == [(2, "file `/boot/grub/grubenv' not found")]


# A menu like Debian's. It empties next_entry, and with it ends an older grub-reboot's wish.
ONCE = """
load_env
if [ "${next_entry}" ]; then
  set default="${next_entry}"
  set next_entry=
  save_env next_entry
  set boot_once=true
else
  set default="${saved_entry}"
fi
if [ "${prev_saved_entry}" ]; then
  set saved_entry="${prev_saved_entry}"
  save_env saved_entry
  set prev_saved_entry=
  save_env prev_saved_entry
fi
set boot_success=0
save_env boot_success
menuentry A { linux /a }
menuentry B { linux /b; set recordfail=1; save_env recordfail }
"""


def effects_once(script: str, saved: str) -> dict[str, list[tuple[bool, dict[str, str | None]]]]:
    """Return the effects of each entry: those that use up a wish for one boot are True."""
    block = f"{SIGNATURE}{saved}".ljust(1024, "#")
    found = offered(machine(script, {"/boot/grub/grubenv": block}))
    return {e.title: [(f.once, dict(f.values)) for f in e.effects] for e in found}


def test_a_wish_for_one_boot_is_used_up_by_the_default_alone() -> None:
    assert effects_once(ONCE, "next_entry=B\nsaved_entry=A\n") == {
        "A": [(False, {"boot_success": "0"}), (True, {"next_entry": ""})],
        "B": [(False, {"next_entry": "", "boot_success": "0", "recordfail": "1"})],
    }
    assert effects_once(ONCE, "saved_entry=A\n") == {
        "A": [(False, {"boot_success": "0"})],
        "B": [(False, {"boot_success": "0", "recordfail": "1"})],
    }


def test_a_default_that_comes_back_after_one_boot_comes_back_with_it() -> None:
    assert effects_once(ONCE, "saved_entry=B\nprev_saved_entry=A\n")["A"] == [
        (False, {"boot_success": "0"}),
        (True, {"saved_entry": "A", "prev_saved_entry": ""}),
    ]


def test_another_boot_loader_that_is_wanted_once_stays_wanted() -> None:
    """SONiC's and Cumulus' way to ONIE: the installer is another GRUB."""
    script = (
        'load_env\nif [ -n "${onie_entry}" ]; then\n set next_entry="${default}"\n'
        ' set default="${onie_entry}"\n unset onie_entry\n save_env onie_entry next_entry\nfi\n'
        "menuentry A { linux /a }\nmenuentry ONIE { chainloader /onie.efi }\n"
    )
    assert effects_once(script, "onie_entry=ONIE\n") == {
        "A": [(True, {"onie_entry": None, "next_entry": ""})],
        "ONIE": [(False, {"onie_entry": None, "next_entry": ""})],
    }
