"""http and https from nginx, names from dnsmasq, and tinyproxy in between."""

import hashlib
import random
import re
import threading
import time
from pathlib import Path

import pytest

from petipy.fetch.scheme import Limits
from petipy.state.network import Fetching
from tests.network.authority import Authority
from tests.network.fetching import Result, fetch
from tests.network.namespace import Namespace
from tests.network.packages import find
from tests.network.servers import HTTP_ROOT, put, requests, start_dnsmasq, start_nginx

DATA = random.Random(2).randbytes(3_000_000)
SHA256 = hashlib.sha256(DATA).hexdigest()
IMPATIENT = Limits(connect=2, read=0.5, pauses=(0.1, 0.2, 0.4, 0.8, 1.6))


@pytest.fixture
def web(server: Namespace, client: Namespace) -> Path:
    """Return the directory of a web server that a test starts; `data` lies in it."""
    client.address("eth0", "192.0.2.2/24", "2001:db8::2/64")
    root = server.room / HTTP_ROOT
    put(root, {"data": DATA, "small": "small\n"})
    return root


def one(space: Namespace, url: str, **more: object) -> Result:
    (result,) = fetch(space, url, **more)  # type: ignore[arg-type]
    return result


def test_nginx_gives_files_and_parts_of_them(
    web: Path, server: Namespace, client: Namespace
) -> None:
    log = start_nginx(server, "server { listen 80; listen [::]:80; }")
    for host in ("192.0.2.1", "[2001:db8::1]"):
        whole, missing = fetch(client, f"http://{host}/data", f"http://{host}/none")
        assert (whole.sha256, whole.answers) == (SHA256, ("3,000,000 bytes",))
        assert (missing.kind, missing.answers) == ("absent", ("404 Not Found",))
    part = one(client, "http://192.0.2.1/data", offset=1000, size=70)
    assert part.data == DATA[1000:1070].decode("latin-1")
    assert requests(log)[-1] == "GET /data 206 70 bytes=1000-1069"
    beyond = one(client, "http://192.0.2.1/data", offset=4_000_000, size=70)
    assert (beyond.size, beyond.error) == (0, "")


def test_a_server_is_reached_by_its_address_on_the_link_alone(
    web: Path, server: Namespace, client: Namespace
) -> None:
    start_nginx(server, "server { listen [::]:80; }")
    shown = server.ip("-6 -brief address show dev lan0")
    address = next(word for word in shown.split() if word.startswith("fe80:")).partition("/")[0]
    result = one(client, f"http://[{address}%25eth0]/small", limits=IMPATIENT)
    assert result.data == "small\n"


def test_nginx_takes_a_password_and_the_log_has_none(
    web: Path, server: Namespace, client: Namespace
) -> None:
    (server.room / "users").write_text("me:{PLAIN}secret word\n")
    words = f"auth_basic x; auth_basic_user_file {server.room}/users;"
    start_nginx(server, f"server {{ listen 80; {words} }}")
    good = one(client, "http://me:secret%20word@192.0.2.1/small")
    assert good.data == "small\n"
    bad = one(client, "http://me:wrong@192.0.2.1/small")
    assert bad.answers == ("401 Unauthorized: it wants a user and a password, or other ones",)


def test_a_slow_server_is_waited_for(web: Path, server: Namespace, client: Namespace) -> None:
    start_nginx(server, "server { listen 80; limit_rate 2m; }")
    result = one(client, "http://192.0.2.1/data")
    assert (result.sha256, result.answers) == (SHA256, ("3,000,000 bytes",))
    assert result.seconds > 0.4


def test_a_link_that_is_lost_and_comes_back_costs_no_byte_twice(
    web: Path, server: Namespace, client: Namespace
) -> None:
    log = start_nginx(server, "server { listen 80; limit_rate 1m; }")

    def cut() -> None:
        connections, end = Path(f"/proc/{server.pid}/net/tcp"), time.monotonic() + 30
        while " 01 " not in connections.read_text() and time.monotonic() < end:
            time.sleep(0.02)
        time.sleep(0.8)
        client.ip("link set eth0 down")
        time.sleep(1.5)
        client.ip("link set eth0 up")

    cutting = threading.Thread(target=cut)
    cutting.start()
    result = one(client, "http://192.0.2.1/data", limits=IMPATIENT)
    cutting.join()
    assert result.sha256 == SHA256
    assert result.answers[0] == "stalled: no data for 0.5 s"
    assert result.answers[-1] == "3,000,000 bytes"
    ranges = [int(m[1]) for line in requests(log) if (m := re.search(r" 206 .*=(\d+)-$", line))]
    assert ranges
    assert min(ranges) > 300_000


def test_nginx_answers_by_https_to_a_client_that_it_knows(
    web: Path, server: Namespace, client: Namespace
) -> None:
    authority = Authority(server.room / "ca")
    shown = authority.sign("IP:192.0.2.1", "boot.test", "IP:2001:db8::1")
    ours = authority.sign("client.test", usage="clientAuth")
    both = client.room / "client.pem"
    both.write_bytes(ours.certificate.read_bytes() + ours.key.read_bytes())
    start_nginx(
        server,
        f"ssl_client_certificate {authority.certificate};"
        f"server {{ listen 443 ssl; listen [::]:443 ssl; {shown.nginx} }}"
        f"server {{ listen 444 ssl; {shown.nginx} ssl_verify_client on; }}",
    )
    rules = Fetching(authorities=(str(authority.certificate),))
    urls = ("https://192.0.2.1/data", "https://[2001:db8::1]/data")
    assert [result.sha256 for result in fetch(client, *urls, rules=rules)] == [SHA256] * 2
    assert one(client, "https://192.0.2.1:444/small", rules=rules).answers == ("400 Bad Request",)
    known = Fetching(authorities=(str(authority.certificate),), certificate=str(both))
    assert one(client, "https://192.0.2.1:444/small", rules=known).data == "small\n"


def name_servers(client: Namespace, text: str = "nameserver 192.0.2.1\n") -> None:
    """Give a namespace an /etc/resolv.conf of its own."""
    file = client.room / "resolv.conf"
    file.write_text(text)
    client.run("mount", "--bind", file, "/etc/resolv.conf")


def test_names_come_from_dnsmasq_and_every_address_is_tried(
    web: Path, server: Namespace, client: Namespace
) -> None:
    start_nginx(server, "server { listen 80; listen [::]:80; }")
    names = {
        "both.test": ("192.0.2.1", "2001:db8::1"),
        "six.test": ("2001:db8::1",),
        "dead.test": ("192.0.2.99", "192.0.2.1", "2001:db8::99"),
    }
    records = [f"host-record={name},{address}" for name in names for address in names[name]]
    start_dnsmasq(server, "port=53", *records, "local=/test/")
    name_servers(client)
    results = fetch(client, *(f"http://{name}/small" for name in names), limits=IMPATIENT)
    assert [result.data for result in results] == ["small\n"] * 3
    assert results[1].answers == ("6 bytes from 2001:db8::1",)
    assert results[2].answers == ("6 bytes from 192.0.2.1",)
    assert results[2].seconds < 1.5
    unknown = one(client, "http://none.test/small")
    assert unknown.answers == ("there is no host none.test",)


def test_confined_children_find_names_and_speak_tls(
    web: Path, server: Namespace, client: Namespace
) -> None:
    authority = Authority(server.room / "ca")
    shown = authority.sign("boot.test")
    start_nginx(server, f"server {{ listen 80; listen [::]:443 ssl; {shown.nginx} }}")
    records = ("host-record=boot.test,192.0.2.1,2001:db8::1", "local=/test/")
    start_dnsmasq(server, "port=53", *records)
    name_servers(client)
    rules = Fetching(authorities=(str(authority.certificate),))
    urls = ("http://boot.test/data", "https://boot.test/data", "http://none.test/data")
    plain, secret, unknown = fetch(client, *urls, rules=rules, confined=True)
    assert (plain.sha256, secret.sha256) == (SHA256, SHA256)
    assert unknown.error == "http://none.test/data: there is no host none.test"


def test_a_silent_name_server_is_told(web: Path, server: Namespace, client: Namespace) -> None:
    name_servers(client, "nameserver 192.0.2.77\noptions timeout:30\n")
    limits = Limits(connect=1, pauses=(0.1,))
    began = time.monotonic()
    result = one(client, "http://boot.test/small", limits=limits)
    assert result.error == "no name server gives an address of boot.test"
    assert result.kind == "silent"
    assert time.monotonic() - began < 20  # libc's patience is 30 s


def test_tinyproxy_leads_to_servers_behind_it(
    web: Path, server: Namespace, client: Namespace
) -> None:
    authority = Authority(server.room / "ca")
    shown = authority.sign("IP:192.0.2.1")
    log = start_nginx(server, f"server {{ listen 80; listen 443 ssl; {shown.nginx} }}")
    file = server.room / "tinyproxy.conf"
    file.write_text("Port 3128\nListen 192.0.2.1\nAllow 192.0.2.2\nBasicAuth me secret\n")
    proxy = server.start(find("tinyproxy", "tinyproxy-bin"), "-d", "-c", file)
    proxy.says("Accepting connections")
    trusted = (str(authority.certificate),)
    rules = Fetching(authorities=trusted, proxy="http://me:secret@192.0.2.1:3128")
    for scheme in ("http", "https"):
        result = one(client, f"{scheme}://192.0.2.1/data", rules=rules)
        assert result.sha256 == SHA256
        assert result.answers == ("3,000,000 bytes, by the proxy 192.0.2.1:3128",)
        locked_out = Fetching(authorities=trusted, proxy="http://192.0.2.1:3128")
        result = one(client, f"{scheme}://192.0.2.1/data", rules=locked_out)
        assert "407 Proxy Authentication Required" in result.error
    assert len(requests(log)) == 2
