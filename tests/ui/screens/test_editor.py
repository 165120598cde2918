"""The editor changes an entry before it boots."""

from dataclasses import replace

from petipy.state.model import Edit, File
from petipy.state.resolve import apply_edit
from tests.ui.driver import Driver
from tests.ui.fakes import DEBIAN, Machine, choice


def test_an_edited_entry_boots_with_what_was_typed() -> None:
    driver = Driver().press("e", *" single", "ctrl x")
    edit = Edit(
        kernel="(vda2)/boot/vmlinux",
        initrds=("(vda2)/boot/initrd.img",),
        cmdline="root=/dev/vda2 ro single",
    )
    assert driver.machine.booted == [(f"vda2/grub/{DEBIAN}", edit)]


def test_what_is_not_edited_stays_the_part_of_the_file_that_it_was() -> None:
    unified = File(device="vda2", path="/EFI/Linux/a b.efi", offset=512, size=1000)
    packed = File(device="vda2", path="/with a blank", packed="etc/x", mode=0o600)
    whole = choice("Unified", kernel=unified)
    whole = replace(whole, initrds=(replace(unified, offset=2048), packed))
    machine = Machine()
    machine.store.update(choices=(whole,), default=whole.id)
    driver = Driver(machine)
    assert "(vda2)/EFI/Linux/a b.efi@512+1000" in driver.press("e").text
    driver.press(*" single", "enter")
    ((_, edit),) = driver.machine.booted
    assert edit is not None
    assert edit.cmdline.endswith(" single")
    assert apply_edit(whole, edit) == (whole.kernel, whole.initrds)


def test_the_editor_knows_the_keys_of_a_shell() -> None:
    driver = Driver().press(
        "e", "ctrl a", *"a b", "ctrl k", "ctrl w", "ctrl e", "c", "tab", "ctrl u"
    )
    driver.press("/", "k", "tab", "ctrl u", "enter")
    assert driver.machine.booted[0][1] == Edit(kernel="/k", initrds=(), cmdline="a c")


def test_what_was_typed_is_not_lost_by_one_escape() -> None:
    driver = Driver().press("e", "x", "esc")
    assert "Your changes would be lost" in driver.text
    assert "root=/dev/vda2 rox" in driver.press("y").text
    assert "Boot menu" in driver.press("esc", "esc").text
    assert "Boot menu" in driver.press("e", "esc").text


def test_letters_in_the_editor_are_text_and_not_commands() -> None:
    driver = Driver().press("e", *"xqlhr?/")
    assert "roxqlhr?/" in driver.text
    assert (driver.shells, driver.machine.rescans) == (0, 0)


def test_an_entry_that_cannot_boot_may_be_edited_until_it_can() -> None:
    driver = Driver().press("end", "up", "up", "up", "e", "enter")
    assert [id for id, _ in driver.machine.booted] == ["sda3/grub/Fedora Linux (0-rescue) 41"]
