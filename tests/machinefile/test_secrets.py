"""Captured configurations keep what matters for booting, and nothing else."""

from dataclasses import replace

import pytest

from parsers.api import Entry
from parsers.formats import formats
from petipy.commands.survey import choose_formats
from petipy.machinefile.read import load
from petipy.machinefile.recorder import record
from petipy.machinefile.secrets import Blanker
from petipy.scan.tree import scan_tree
from tests.cases import find

HASH = "grub.pbkdf2.sha512.10000." + "AB" * 64 + "." + "CD" * 64
STATEMENTS = {name for form in formats() for name in form.statements}


def blank_text(path: str, text: str) -> str:
    return Blanker([text], STATEMENTS).text(path, text)[0]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("/g.cfg", f"password_pbkdf2 root {HASH}\n", None),
        ("/user.cfg", f"GRUB2_PASSWORD={HASH}\n", None),
        ("/g.cfg", " password root sesame\n", " password root blanked\n"),
        ("/g.cfg", "password 'the root' \"open sesame\"; true\n", None),
        ("/g.cfg", "if $x; then password me sesame; fi\n", None),
        ("/g.cfg", "password me \\\n  sesame\n", "password me \\\n  blanked\n"),
        ("/g.cfg", "cryptomount -u 12-34 -p sesame -b\n", None),
        ("/g.cfg", "cryptomount --password='sesame'\n", "cryptomount --password='blanked'\n"),
        ("/grub/menu.lst", "password --md5 $1$ab$0123456789abcdefghijkl\n", None),
        ("/grub/menu.lst", "password sesame /other\n", "password blanked\n"),
        ("/etc/yaboot.conf", 'password = "sesame"\n', 'password = "blanked"\n'),
        ("/etc/lilo.conf", "\tpassword=sesame\n", "\tpassword=blanked\n"),
        ("/etc/lilo.conf", 'password = "open\\" sesame"\n', 'password = "blanked"\n'),
        ("/etc/lilo.conf", 'password="open sesame\n', 'password="blanked\n'),
        ("/etc/lilo.conf", "password=open\\ sesame\n", "password=blanked\n"),
        ("/etc/silo.conf", "PASSWORD=open sesame\n", "PASSWORD=blanked\n"),
        (
            "/etc/yaboot.conf",
            "password=open sesame root=/dev/a restricted\n",
            "password=blanked root=/dev/a restricted\n",
        ),
        ("/etc/yaboot.conf", "password=$1$ab$0123456789abcdefghijkl\n", None),
        ("/boot/grub/menu.lst", "title a\n\tpassword\t--md5\tsesame\n", None),
        ("/boot/grub/menu.lst", "password=sesame\n", "password=blanked\n"),
        ("/boot/grub/grub.conf", "password --encrypted sesame\n", None),
        ("/EFI/BOOT/BOOTX64.conf", "password sesame\ntitle a\n", "password blanked\ntitle a\n"),
        ("/boot/grub/more.lst", "title a\npassword open sesame\n", "title a\npassword blanked\n"),
        ("/syslinux.cfg", "MENU MASTER PASSWD $4$abcd$sesame\n", "MENU MASTER PASSWD blanked\n"),
        ("/syslinux.cfg", "menu passwd sesame\n", "menu passwd blanked\n"),
        ("/boot.ipxe", "set net0/password sesame\n", "set net0/password blanked\n"),
        ("/x", "linux /v ks=https://me:sesame@host/ks\n", None),
        ("/x", 'vnc_password=""sesame"sesame"\n', None),
        ("/x", "linux /v netroot=iscsi:me:sesame@10.0.0.1::3260\n", None),
        ("/x", "linux /v inst.vncpassword=sesame quiet\n", None),
        ("/g.cfg", "menuentry a {linux /v sesame\n}\n", "menuentry a {linux /v blanked1\n}\n"),
        ("/x", "linux /v psk='sesame'sesame\n", "linux /v psk='blanked'blanked\n"),
        ("/x", "root:$6$salt$" + "sesame./" * 10 + "\n", None),
    ],
)
def test_secrets_are_blanked(path: str, text: str, expected: str | None) -> None:
    new = blank_text(path, text)
    assert not any(secret in new for secret in ("sesame", "AB" * 8, "0123456789abc"))
    assert expected is None or new == expected
    assert text.count("\n") == new.count("\n")


@pytest.mark.parametrize(
    "text",
    [
        "set x=$1$2/abcdefghijklmnopqrstuvwxyz0123456789\n",
        'set superusers="root"\nmenuentry A --users root { true }\n',
        "DEFAULT Install Some System\nLABEL Install Some System\n KERNEL /vmlinuz\n",
        "menuentry --class x 'Some System' $menuentry_id_option 'my-id' --users \"\" { true\n}\n",
        "linux /v root=LABEL=x rd.znet=qeth,0.0.1,layer2=1 console=ttyS0,115200 ip=dhcp\n",
        "linux /v ks=http://h:80/a@2x cryptopts=target=x,source=/dev/sda2 root=PARTUUID=1-2\n",
        "menuentry a {linux /v ro\n}\nsubmenu b --class x {menuentry c {true;}}\n",
        "export root prefix\nset kernel=/vmlinuz-1\ninitrd /a /b.img\n",
        "search --set=root --fs-uuid 1234-5678\nlinux /v root=UUID=1-2 ro\n",
        "linux http://host:8080/v@1\n",
        "set other=/x\nset pager_passwd=$other\n",
        'password=""\n',
        "vnc_password = '';\n",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert blank_text("/boot/grub/grub.cfg", text) == text


@pytest.mark.parametrize(
    "piece",
    [
        "passw",
        "1pass",
        "a://",
        "a:b@",
        "iscsi:",
        "text help\n",
        ",a=",
        "$1$a$",
        "'",
        '"',
        "\\",
        "a=",
        "${",
        "{ ",
        "#",
        "[x",
    ],
)
def test_a_word_as_long_as_a_file_is_looked_through_once(piece: str) -> None:
    text = piece * 50000  # looked at from each of its letters it would take hours
    assert "passwpassw" not in blank_text("/boot/grub/grub.cfg", text)


def test_an_environment_block_keeps_its_size() -> None:
    block = "# GRUB Environment Block\nsecret=0123456789\nsaved_entry=0\n".ljust(1024, "#")
    new = blank_text("/boot/grub/grubenv", block)
    assert "saved_entry=0\n#" in new
    assert "0123456789" not in new
    assert len(new) == 1024


def test_what_the_titles_of_a_menu_show_stays() -> None:
    text = "set name='Some System'\nanother=sesame\nmenuentry \"$name 1\" { linux /k a=$another }\n"
    assert blank_text("/g.cfg", text) == text.replace("sesame", "blanked1")


@pytest.mark.shared("corpus")
def test_what_is_left_of_real_configurations_offers_the_same_entries() -> None:
    for path in find("corpus/grub.cfg/**/*.machine.json")[::8]:
        machine = load(str(path))
        files = machine.files(machine.root)
        formats = choose_formats(machine.config)
        device = record(files, formats, scan_tree)[machine.root]
        tree = replace(machine.trees[machine.root], texts={**device["files"], **device["literal"]})
        blanked = replace(machine, trees={**machine.trees, machine.root: tree})
        original = [outline(entry) for _, entry in scan_tree(files, formats).entries]
        scan = scan_tree(blanked.files(machine.root), formats)
        assert [outline(entry) for _, entry in scan.entries] == original, path


def outline(entry: Entry) -> object:
    """Return what a menu shows of an entry, but the words that may be blanked."""
    return (len(entry.trail), entry.line, len(entry.initrds), entry.users is None, entry.default)
