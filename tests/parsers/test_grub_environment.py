"""Environment blocks: in files, and in none."""

from parsers.api import FileRef
from tests.parsers.grub_runs import machine, offered, printed, problems


def test_an_environment_block_outside_of_files_is_told_of() -> None:
    block = "# GRUB Environment Block\nenv_block=512+1\n".ljust(1024, "#")
    script = (
        "load_env\nset env_block=($root)$env_block\nload_env -f $env_block\n"
        "save_env -f $env_block next_entry\nload_env -f 600+1,8+1\nmenuentry A { linux /v }"
    )
    files = machine(script, {"/boot/grub/grubenv": block})
    unread = (
        "what is kept in blocks 512+1 of the disk, in no file, is not read:"
        " an entry chosen by grub-reboot does not count"
    )
    unsaved = "what is to be saved in blocks 512+1 of the disk, in no file, is not saved"
    assert problems(files) == [(3, unread), (4, unsaved), (5, unread.replace("512+1", "600+1,8+1"))]
    assert offered(files)[0].effects == ()


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
