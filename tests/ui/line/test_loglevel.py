from pathlib import Path

from petipy.ui.line.loglevel import Hush


def test_the_kernel_is_quiet_while_any_menu_is_drawn(tmp_path: Path) -> None:
    printk = tmp_path / "printk"
    printk.write_text("7\t4\t1\t7\n")
    hush = Hush(str(printk))
    with hush.held():
        with hush.held():
            assert printk.read_text() == "3"
        assert printk.read_text() == "3"
    assert printk.read_text() == "7"


def test_a_kernel_that_is_quiet_already_is_left_alone(tmp_path: Path) -> None:
    printk = tmp_path / "printk"
    printk.write_text("1 4 1 7\n")
    with Hush(str(printk)).held():
        assert printk.read_text() == "1 4 1 7\n"
    assert printk.read_text() == "1 4 1 7\n"


def test_a_machine_where_that_is_not_allowed_has_a_menu_all_the_same(tmp_path: Path) -> None:
    with Hush(str(tmp_path / "nothing")).held():
        pass
