from pathlib import Path

from petipy.ui.line.loglevel import KernelLogLevel


def test_the_kernel_is_quiet_while_any_menu_is_drawn(tmp_path: Path) -> None:
    printk = tmp_path / "printk"
    printk.write_text("7\t4\t1\t7\n")
    level = KernelLogLevel(str(printk))
    with level.hold_low():
        with level.hold_low():
            assert printk.read_text() == "1"
        assert printk.read_text() == "1"
    assert printk.read_text() == "7"


def test_a_kernel_that_is_quiet_already_is_left_alone(tmp_path: Path) -> None:
    printk = tmp_path / "printk"
    printk.write_text("1 4 1 7\n")
    with KernelLogLevel(str(printk)).hold_low():
        assert printk.read_text() == "1 4 1 7\n"
    assert printk.read_text() == "1 4 1 7\n"


def test_a_machine_where_that_is_not_allowed_has_a_menu_all_the_same(tmp_path: Path) -> None:
    with KernelLogLevel(str(tmp_path / "nothing")).hold_low():
        pass
