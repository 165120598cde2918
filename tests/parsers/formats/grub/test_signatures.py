"""Signatures that a configuration wants: GRUB's check_signatures and verify_detached."""

from hashlib import sha256

import pytest

from parsers.api import FileRef, SignatureRef
from tests.parsers.formats.grub.runs import CONFIG, machine, offered

ENFORCE = "set check_signatures=enforce\n"


def signatures(text: str, **files: str) -> list[str]:
    """Return the signatures of the first entry: FILE PLACE, and = before a known text's file."""
    entry = offered(machine(text, {f"/{name}": content for name, content in files.items()}))[0]
    assert {signature.kind for signature in entry.signatures} <= {"openpgp"}
    return [f"{'=' * bool(s.digest)}{s.file} {s.place}" for s in entry.signatures]


def unchecked(text: str, **files: str) -> str:
    entry = offered(machine(text, {f"/{name}": content for name, content in files.items()}))[0]
    words = entry.unchecked.removeprefix("its configuration wants ")
    return words.removesuffix(" to be checked, which is not supported")


def test_each_file_that_boots_needs_its_signature_once_they_are_enforced() -> None:
    body = "linux /v x\n initrd /a newc:etc/x:/b\n devicetree /d\n"
    assert signatures(f"{ENFORCE}menuentry A {{\n{body}}}") == [
        *("/v /v.sig", "/a /a.sig", "newc:etc/x:/b /b.sig", "/d /d.sig"),
    ]
    assert signatures(f"menuentry A {{\n{body}}}") == []


@pytest.mark.parametrize("value", ["enforce", "1", "e", "no", "", "0", "forced"])
def test_the_first_letter_says_if_they_are_enforced_as_in_grub(value: str) -> None:
    found = signatures(f'set check_signatures="{value}"\nmenuentry A {{ linux /v }}')
    assert found == ["/v /v.sig"] * (value[:1] in ("1", "e"))


def test_a_submenu_and_another_configuration_enforce_them_too() -> None:
    entry = "menuentry A { linux /v }"
    assert signatures(f"{ENFORCE}submenu S {{\n{entry}\n}}") == ["/v /v.sig"]
    assert "/v /v.sig" in signatures(f"{ENFORCE}configfile /other", other=entry)
    # GRUB does not forget it, whichever file has said it.
    assert signatures("configfile /other\nmenuentry B { linux /w }", other=ENFORCE) == ["/w /w.sig"]
    assert signatures(f"{ENFORCE}set check_signatures=no\n{entry}") == []


def test_a_text_that_is_read_needs_a_signature_of_what_was_read() -> None:
    text = "menuentry A { linux /v }"
    entry = offered(machine(f"{ENFORCE}source /more", {"/more": text}))[0]
    digest = sha256(text.encode()).hexdigest()
    more, place = FileRef(path="/more"), FileRef(path="/more.sig")
    wanted = SignatureRef(file=more, place=place, digest=digest, kind="openpgp")
    assert wanted in entry.signatures
    assert signatures(f"source /more\n{ENFORCE}", more=text) == ["/v /v.sig"]
    read = f"{ENFORCE}load_env %s\nmenuentry A {{ linux /v }}"
    block = "# GRUB Environment Block\n".ljust(1024, "#")
    directory = CONFIG.rpartition("/")[0].lstrip("/")
    files = {f"{directory}/grubenv": block}
    assert signatures(read % "", **files)[0] == f"=/{directory}/grubenv /{directory}/grubenv.sig"
    assert signatures(read % "--skip-sig", **files) == ["/v /v.sig"]


def test_a_signature_that_a_script_checks_itself_is_that_of_its_files() -> None:
    body = "verify_detached /v /s/v.asc\n linux /v\n initrd /i"
    assert signatures(f"menuentry A {{\n{body}\n}}") == ["/v /s/v.asc"]
    branch = "if verify_detached /v /v.sig; then linux /v; else linux /other; fi"
    assert signatures(f"menuentry A {{ {branch} }}") == ["/v /v.sig"]
    # A file that does not boot has decided what boots.
    other = "verify_detached /token /token.sig\nmenuentry A { linux /v }"
    assert signatures(other) == ["/token /token.sig"]
    source = "verify_detached /more /more.sig\nsource /more\n"
    assert signatures(source, more="menuentry A { linux /v }") == ["=/more /more.sig"]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("set check_appended_signatures=forced\nmenuentry a { linux /v }", "appended signatures"),
        (
            f"{ENFORCE}set check_appended_signatures=enforce\ndistrust 1234\n"
            "menuentry a { linux /v }",
            "OpenPGP signatures by any key but 1234 and appended signatures",
        ),
        (
            "verify_detached -s /v /v.sig /key\nmenuentry a { linux /v }",
            "an OpenPGP signature by a key of its own, /key,",
        ),
        (
            f"{ENFORCE}loopback loop /iso\nmenuentry a {{ linux (loop)/v }}",
            "the OpenPGP signature of the image /iso",
        ),
        (
            f"{ENFORCE}for f in 1 2 3 4 5 6 7 8; do for g in 1 2 3 4 5 6 7 8 9; do\n"
            "verify_detached /$f$g /x; done; done\nmenuentry a { linux /v }",
            "more than 64 OpenPGP signatures",
        ),
        (f"{ENFORCE}menuentry a {{ exit }}", ""),
        (f"{ENFORCE}menuentry a {{ linux /v }}", ""),
    ],
)
def test_a_check_that_is_not_supported_is_named(text: str, what: str) -> None:
    assert unchecked(text, iso="x") == what


def test_a_key_of_the_disk_changes_nothing() -> None:
    assert signatures(f"trust /key\n{ENFORCE}menuentry A {{ linux /v }}") == ["/v /v.sig"]
