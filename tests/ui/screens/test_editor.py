"""The editor changes an entry before it boots."""

from dataclasses import replace

from petipy.state.model import Edit, File
from petipy.state.typed import apply_edit
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
    driver.press("/", "k", "down", "ctrl e", "ctrl u", "enter")
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


BOOT = ["grub/", "vmlinux-6.12.48", "vmlinux-6.12.43", "initrd.img-6.12.48"]


def make_machine() -> Machine:
    return Machine(directories={"/boot/": BOOT, "/boot/grub/": ["grub.cfg"], "/": ["boot/"]})


def test_tab_completes_the_name_of_a_file_as_far_as_it_is_certain() -> None:
    driver = Driver(make_machine()).press("e", "tab", "ctrl u", *"/bo", "tab")
    assert "/boot/" in driver.lines()[3]
    driver.press("v", "tab")
    assert driver.lines()[3] == "/boot/vmlinux-6.12.4"
    driver.press("tab")
    assert "vmlinux-6.12.48  vmlinux-6.12.43" in driver.text
    driver.press("3", "tab")
    assert driver.machine.listed == ["(vda2)/", "(vda2)/boot/"]
    driver.press("enter")
    assert driver.machine.booted[0][1] == Edit(
        kernel="/boot/vmlinux-6.12.43",
        initrds=("(vda2)/boot/initrd.img",),
        cmdline="root=/dev/vda2 ro",
    )


def test_tab_completes_each_initrd_and_a_named_device() -> None:
    driver = Driver(make_machine()).press("e", "tab", "down", "ctrl e", *" (sda3)/boot/in", "tab")
    assert "(vda2)/boot/initrd.img (sda3)/boot/initrd.img-6.12.48" in driver.text
    assert driver.machine.listed == ["(vda2)/boot/", "(sda3)/", "(sda3)/boot/"]


def test_a_file_that_is_not_there_is_told_while_it_is_typed() -> None:
    driver = Driver(make_machine()).press("e", "tab", "ctrl u", *"/boot/vmlinux")
    assert "/boot/vmlinux: there is no such file" in driver.text
    assert "no such file" not in driver.press(*"-6.12.48").text
    assert "is a directory" in driver.press(*["backspace"] * 15, *"grub").text
    assert "there is no such directory" in driver.press("ctrl u", *"/none/x").text
    assert driver.press("enter").machine.booted  # a person may know better


def test_tab_completes_the_name_of_a_device() -> None:
    driver = Driver(make_machine()).press("e", "tab", "ctrl u", *"(s", "tab")
    assert "(sda3)/  (sr0)/" in driver.text
    assert driver.press("d", "tab").lines()[3] == "(sda3)/"
    assert driver.press("b", "tab").lines()[3] == "(sda3)/boot/"


def test_the_path_of_an_image_is_no_directory_until_it_ends() -> None:
    driver = Driver(make_machine()).press("e", "tab", "ctrl u", *"(vda2:/x.iso")
    assert driver.machine.listed == []
    driver.press(*")/boot/vmlinux-6.12.43")
    assert driver.machine.listed == ["(vda2:/x.iso)/", "(vda2:/x.iso)/boot/"]


def test_nothing_is_said_of_what_cannot_be_known() -> None:
    driver = Driver(make_machine()).press("e", "tab", "ctrl u", *"http://h/boot/x", "tab")
    assert driver.machine.listed == []
    assert "no such" not in driver.text


def test_a_command_line_that_is_too_long_for_the_kernel_is_told() -> None:
    machine = Machine()
    long = choice("Long", cmdline="x" * 2047)
    machine.store.update(choices=(long,), default=long.id)
    driver = Driver(machine, (80, 50)).press("e")
    assert "bytes: kernels of" not in driver.text
    assert "The command line has 2048 bytes: kernels of" in driver.press("x").text


def test_undo_takes_back_a_word_and_a_cut() -> None:
    driver = Driver().press("e", *" one", *" two", "ctrl w", "ctrl u")
    texts = []
    for _ in range(8):
        driver.press("ctrl z")
        texts.append(driver.lines()[9])
    start = "root=/dev/vda2 ro"
    assert texts[:3] == [f"{start} one", f"{start} one two", f"{start} one"]
    assert texts[-1] == start


def test_earlier_changes_of_this_console_come_back_also_in_another_entry() -> None:
    driver = Driver().press("e", *" single", "enter")
    driver.press("ctrl u", *"debug", "enter", "esc", "esc")
    driver.press("end", "e", "ctrl p")
    assert driver.lines()[9] == "debug"
    assert driver.press("ctrl p").lines()[9] == "root=/dev/vda2 ro single"
    assert "No earlier change" in driver.press("ctrl p").text
    assert driver.press("ctrl n", "ctrl n").lines()[9] == "root=/dev/vda2 ro"
