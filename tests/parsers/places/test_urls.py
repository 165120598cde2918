"""URLs, and file names in a configuration from a URL."""

import pytest

from parsers.places.lease import (
    bootfile,
    configuration,
    hardware,
    is_about_booting,
    prefix,
    servers,
    views,
)
from parsers.places.urls import hide_credentials, is_url, join, normalize, split


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("tftp://host//dir1/./conf", "tftp://host/dir1/conf"),
        ("http://host:80/a/../b/", "http://host:80/b/"),
        ("http://host/../../x", "http://host/x"),
        ("http://host", "http://host/"),
        ("http://host/a?b=/../c", "http://host/a?b=/../c"),
        ("/a//b", "/a//b"),
        ("", ""),
    ],
)
def test_urls_that_differ_in_dots_and_slashes_are_one(url: str, same: str) -> None:
    assert normalize(url) == same
    assert normalize(same) == same


@pytest.mark.parametrize(
    ("base", "name", "meant"),
    [
        ("tftp://host/a/conf", "vmlinuz", "tftp://host/a/vmlinuz"),
        ("tftp://host/a/conf", "./x/vmlinuz", "tftp://host/a/x/vmlinuz"),
        ("tftp://host/a/conf", "../vmlinuz", "tftp://host/vmlinuz"),
        ("tftp://host/a/conf", "/vmlinuz", "tftp://host/vmlinuz"),
        ("http://host/script?mac=a/b", "vmlinuz", "http://host/vmlinuz"),
        ("tftp://host", "vmlinuz", "tftp://host/vmlinuz"),
        ("tftp://host/a/", "http://other/x", "http://other/x"),
        ("", "vmlinuz", "vmlinuz"),
    ],
)
def test_a_name_is_relative_to_the_text_that_it_stands_in(base: str, name: str, meant: str) -> None:
    assert join(base, name) == meant


def test_a_url_has_a_scheme_and_a_server() -> None:
    assert all(map(is_url, ("tftp://host/x", "HTTPS://host")))
    assert not any(map(is_url, ("/boot/x", "host::x", "c:/x", "http:/x", "a b://c")))
    assert split("http://host:1/a?b") == ("http://host:1", "/a")
    assert split("/a") == ("", "/a")


@pytest.mark.parametrize(
    ("lease", "before"),
    [
        ({"siaddr": "h", "bootfile": "dir/pxelinux.0"}, "tftp://h/dir/"),
        ({"siaddr": "h", "boot_file": "/pxelinux.0"}, "tftp://h/"),
        ({"tftp": "t", "siaddr": "h", "bootfile": "a/b"}, "tftp://t/a/"),
        ({"siaddr": "0.0.0.0", "serverid": "s", "bootfile": "b"}, "tftp://s/"),
        ({"siaddr": "h", "bootfile": "a/b", "pxepathprefix": "c"}, "tftp://h/c"),
        ({"siaddr": "h", "bootfile": "a/b", "pxepathprefix": "c/"}, "tftp://h/c/"),
        ({"pxepathprefix": "http://w:80/c/"}, "http://w:80/c/"),
        ({"bootfile": "http://w/d/x"}, "http://w/d/"),
        ({"bootfile_url": "tftp://[fe80::1]/d/x"}, "tftp://[fe80::1]/d/"),
        ({"siaddr": "fe80::1", "bootfile": "d/x"}, "tftp://[fe80::1]/d/"),
        ({"tftpservers": "a b", "tftp": "t", "siaddr": "h", "bootfile": "d/x"}, "tftp://a/d/"),
        ({"tftp": "http://w:8/", "siaddr": "h", "bootfile": "d/x"}, "http://w:8/d/"),
        ({"sname": "n", "serverid": "s", "bootfile": "x"}, "tftp://n/"),
        (
            {"bootfile_url": "http://w/d/x", "serverid6": "fe80::1", "pxepathprefix": "c"},
            "http://w/c",
        ),
        ({}, ""),
        ({"bootfile": "a/b"}, ""),
    ],
)
def test_relative_names_begin_with_the_prefix_of_the_lease(
    lease: dict[str, str], before: str
) -> None:
    assert prefix(lease) == before


def test_every_host_that_a_lease_names_may_have_the_files() -> None:
    lease = {"tftpservers": "a b", "tftp": "http://t:8/x", "siaddr": "0.0.0.0", "serverid": "a"}
    assert [*servers(lease)] == ["a", "b", "t:8"]


def test_option_67_wins_over_the_field_of_the_packet() -> None:
    assert bootfile({"siaddr": "h", "boot_file": "a", "bootfile": "b"}) == "tftp://h/b"


def test_each_family_has_its_own_boot_file() -> None:
    four = {"siaddr": "h", "boot_file": "a", "ip": "192.0.2.9"}
    six = {"bootfile_url": "http://w/b", "ip": "192.0.2.9"}
    assert [*views(four)] == [four]
    assert [*views(four | six)] == [six, four]


def test_a_lease_with_a_server_alone_is_not_about_booting() -> None:
    assert not is_about_booting({"siaddr": "h", "tftp": "h", "vendorclass": "PXEClient"})
    assert is_about_booting({"pxepathprefix": "http://w/"})


def test_what_a_lease_names_is_on_its_server() -> None:
    lease = {"siaddr": "h", "bootfile": "a/b", "pxeconffile": "c"}
    assert (bootfile(lease), configuration(lease)) == ("tftp://h/a/b", "tftp://h/a/c")
    assert configuration(lease | {"pxeconffile": "/c"}) == "tftp://h/c"
    assert configuration({"pxeconffile": "http://w/c"}) == "http://w/c"
    assert configuration({"siaddr": "h"}) == ""


def test_the_hardware_address_is_written_as_pxelinux_does() -> None:
    assert hardware({"mac": "52:54:00:AB:cd:ef"}) == "01-52-54-00-ab-cd-ef"
    assert hardware({"mac": ":".join(["0a"] * 20)}) == "20-" + "-".join(["0a"] * 20)
    assert hardware({}) == ""


@pytest.mark.parametrize(
    "url",
    [
        "http://me:pa/ss@boot.test/x",
        "http://me:pa ss@boot.test/x",
        "http://me:pa?s#s@boot.test:80/x",
        "http://me@boot.test/x",
    ],
)
def test_a_password_with_a_character_that_no_url_has_is_hidden_too(url: str) -> None:
    shown = hide_credentials(f"no answer from {url}: refused")
    assert "boot.test" in shown
    assert not any(part in shown for part in ("me", "pa", "ss"))


@pytest.mark.parametrize(
    "text",
    [
        "http://boot.test:8080/a@b",
        "http://boot.test/a:b@c",
        "http://[2001:db8::1]:80/a@b",
        "from http://boot.test: mail x@y",
        "http://boot.test?a:b@c",
    ],
)
def test_what_only_looks_like_a_password_is_shown(text: str) -> None:
    assert hide_credentials(text) == text


def test_backslashes_of_windows_servers_are_the_slashes_of_a_url() -> None:
    lease = {"siaddr": "h", "bootfile": "boot\\x64\\pxelinux.0"}
    assert (bootfile(lease), prefix(lease)) == (
        "tftp://h/boot/x64/pxelinux.0",
        "tftp://h/boot/x64/",
    )
    assert prefix(lease | {"pxepathprefix": "\\boot\\"}) == "tftp://h/boot/"
    assert configuration(lease | {"pxeconffile": "\\boot\\menu"}) == "tftp://h/boot/menu"
    assert bootfile({"bootfile_url": "tftp://h/boot\\x"}) == "tftp://h/boot/x"
    query = {"bootfile": "http://h/a\\b?user=LAB\\joe"}
    assert bootfile(query) == "http://h/a/b?user=LAB\\joe"
