"""Asks for files on servers: each once, several at a time, and not without end."""

import os
import socket
from collections.abc import Callable
from contextlib import suppress

import pytest

from parsers.api import Problem
from parsers.host import Piece
from petipy.sandbox import packets
from petipy.sandbox.remote import MOST_FETCHES, Remote
from petipy.sandbox.remote_messages import FETCHES, OUTCOMES, Outcome
from petipy.scan.files import LONGEST
from petipy.state.network import Request, Wanted
from petipy.sys import sealed

SITE = "http://192.0.2.1"
Reply = Callable[[Wanted], tuple[Outcome, bytes]]


def found(data: bytes, total: int | None = None) -> tuple[Outcome, bytes]:
    return Outcome(total=total), data


class Scanner:
    """Answers asks at once, the last of each ask first, as `reply` says."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self.asks: list[tuple[bytes, tuple[Wanted, ...]]] = []
        self.told = 0
        self.time = 0.0
        self.remote = Remote(self.ask, self.tell, lambda: self.time)

    def tell(self) -> None:
        self.told += 1

    def ask(self, ask: bytes, most: int) -> list[int]:
        assert most == 1
        wanted = FETCHES.decode(ask[1:]).wanted
        self.asks.append((ask[:1], wanted))
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            for number, thing in reversed(list(enumerate(wanted))):
                outcome, data = self._reply(thing)
                fds = []
                if not outcome.error:
                    fds.append(sealed.make("x"))
                    os.write(fds[0], data[thing.offset :][: thing.size or None])
                    sealed.seal(fds[0])
                message = Outcome(
                    number=number,
                    error=outcome.error,
                    total=outcome.total,
                    needs_tls=outcome.needs_tls,
                    silent=outcome.silent,
                    again=outcome.again,
                    absent=outcome.absent,
                    requests=outcome.requests,
                )
                socket.send_fds(theirs, [OUTCOMES.encode(message)], fds)
                for fd in fds:
                    os.close(fd)
        return [ours.detach()]


def test_what_is_asked_for_ahead_is_asked_for_once_and_told_in_order() -> None:
    scanner = Scanner(lambda wanted: found(wanted.url.encode()))
    urls = [f"{SITE}/{name}" for name in "abc"]
    scanner.remote.prefetch([*urls, "tftp://192.0.2.2/x"])
    assert [scanner.remote.fetch(url) for url in urls] == urls
    asked = [[thing.url for thing in wanted] for _, wanted in scanner.asks]
    assert asked == [urls, ["tftp://192.0.2.2/x"]]  # a process for each server
    requests = scanner.remote.list_requests()
    assert [request.url for request in requests] == [*urls, "tftp://192.0.2.2/x"]
    assert [request.answer for request in requests] == ["fetched"] * 4
    scanner.remote.close()


def test_no_answer_is_none_and_its_reason_is_among_the_requests() -> None:
    record = Request(url=f"{SITE}/a", answer="404 Not Found", seconds=0.5)
    scanner = Scanner(lambda _: (Outcome(error="404 Not Found", requests=(record,)), b""))
    assert scanner.remote.fetch(f"{SITE}/a") is None
    assert scanner.remote.list_requests() == (record,)


def test_what_a_server_refuses_is_told_once_but_not_a_file_that_is_absent() -> None:
    words = "the certificate of 192.0.2.1 is not trusted"
    replies = {
        f"{SITE}/a": Outcome(error="404 Not Found", absent=True),
        f"{SITE}/b": Outcome(error="no answer", silent=True, again=True),
        "https://192.0.2.2/c": Outcome(error=words),
        "https://192.0.2.2/d": Outcome(error=words),
    }
    scanner = Scanner(lambda wanted: (replies[wanted.url], b""))
    for url in replies:
        scanner.remote.fetch(url)
    assert [*scanner.remote.refusals.values()] == [Problem("https://192.0.2.2/c", 0, words)]


def test_a_server_that_does_not_answer_is_asked_once() -> None:
    scanner = Scanner(lambda _: (Outcome(error="no answer", silent=True), b""))
    assert [scanner.remote.fetch(f"{SITE}/{name}") for name in "abc"] == [None] * 3
    assert len(scanner.asks) == 1
    last = scanner.remote.list_requests()[-1]
    assert last.answer == "not asked for: the server did not answer before"
    scanner.remote.fetch("http://192.0.2.2/a")
    assert len(scanner.asks) == 2


def test_the_reason_why_a_server_is_not_asked_again_stays_among_the_requests() -> None:
    """A boot file is asked for as a text, and then for its first bytes."""
    record = Request(url=f"{SITE}/a", answer="connection refused, third try")
    scanner = Scanner(lambda _: (Outcome(error="refused", silent=True, requests=(record,)), b""))
    assert scanner.remote.fetch(f"{SITE}/a") is None
    assert scanner.remote.piece(f"{SITE}/a", 0, 512) is None
    assert scanner.remote.list_requests() == (record,)


def test_a_redirection_to_https_repeats_the_ask_with_tls() -> None:
    def reply(wanted: Wanted) -> tuple[Outcome, bytes]:
        if scanner.asks[-1][0] == packets.FETCH:
            return Outcome(error="https", needs_tls=True), b""
        return found(b"text")

    scanner = Scanner(reply)
    scanner.remote.prefetch([f"{SITE}/a", f"{SITE}/b"])
    assert [scanner.remote.fetch(f"{SITE}/{name}") for name in "abc"] == ["text"] * 3
    kinds = [kind for kind, _ in scanner.asks]
    assert kinds == [packets.FETCH] + [packets.FETCH_BY_TLS] * 3


def test_https_is_asked_for_with_tls_at_once() -> None:
    scanner = Scanner(lambda _: found(b"text"))
    assert scanner.remote.fetch("https://192.0.2.1/a") == "text"
    assert [kind for kind, _ in scanner.asks] == [packets.FETCH_BY_TLS]


def test_a_script_that_goes_round_in_circles_comes_to_an_end_and_says_so() -> None:
    scanner = Scanner(lambda _: found(b"x"))
    texts = [scanner.remote.fetch(f"{SITE}/{number}") for number in range(MOST_FETCHES + 50)]
    assert texts == ["x"] * MOST_FETCHES + [None] * 50
    (problem,) = scanner.remote.problems
    assert problem.config == f"{SITE}/{MOST_FETCHES}"
    assert problem.message == "more than 256 files from servers: this and the rest are not fetched"


def test_texts_have_a_bound_together() -> None:
    scanner = Scanner(lambda _: found(bytes(2 << 20)))
    texts = [scanner.remote.fetch(f"{SITE}/{number}") for number in range(34)]
    assert [text is None for text in texts] == [False] * 32 + [True] * 2
    assert {problem.message for problem in scanner.remote.problems} == {
        "the files from servers have more than 64 MiB together"
    }


def test_pieces_are_read_from_a_text_that_is_there() -> None:
    scanner = Scanner(lambda _: found(b"0123456789", 10))
    assert scanner.remote.piece(f"{SITE}/a", 8, 100) == Piece(b"89", 10)
    assert scanner.remote.fetch(f"{SITE}/a") == "0123456789"
    assert scanner.remote.piece(f"{SITE}/a", 2, 3) == Piece(b"234", 10)
    assert len(scanner.asks) == 2
    assert scanner.remote.piece(f"{SITE}/b", -1, 3) is None


def answer_checked(wanted: Wanted) -> tuple[Outcome, bytes]:
    """Answer as a fetching process, for which the checksum of /good is right."""
    if wanted.size == 0 and "/good" not in wanted.url:
        return Outcome(error="sha256 is another"), b""
    size = LONGEST + 1 if "/long" in wanted.url else 4
    return found(b"text" * (LONGEST if "/long" in wanted.url else 1), size)


@pytest.mark.parametrize("name", ["wrong", "long"])
def test_a_text_with_another_checksum_is_no_answer(name: str) -> None:
    scanner = Scanner(answer_checked)
    assert scanner.remote.fetch(f"{SITE}/{name}#sha256=12") is None
    assert scanner.asks[0][1][0].most == LONGEST
    assert scanner.remote.fetch(f"{SITE}/good#sha256=12") == "text"
    assert scanner.remote.refusals[SITE].message == "sha256 is another"


def test_a_piece_of_a_file_with_a_checksum_is_of_the_verified_file() -> None:
    scanner = Scanner(answer_checked)
    assert scanner.remote.piece(f"{SITE}/wrong#SHA256=12", 1, 2) is None
    assert scanner.remote.piece(f"{SITE}/good#sha256=12", 1, 2) == Piece(b"ex", 4)
    # A file that is not read whole is verified when it boots: a kernel must be known as one.
    assert scanner.remote.piece(f"{SITE}/long#sha512=12", 0, 2) == Piece(b"te", LONGEST + 1)
    assert scanner.remote.piece(f"{SITE}/wrong#part", 1, 2) == Piece(b"ex", 4)


def test_a_url_that_no_message_can_hold_is_not_asked_for() -> None:
    scanner = Scanner(lambda _: found(b"x"))
    for url in (f"{SITE}/\udcff", f"{SITE}/\x1b", f"{SITE}/{'x' * 2000}"):
        assert scanner.remote.fetch(url) is None
    assert scanner.asks == []
    assert all(request.url.isprintable() for request in scanner.remote.list_requests())


def test_an_ask_that_nobody_answers_costs_its_files() -> None:
    remote = Remote(lambda *_: [], lambda: None)
    remote.prefetch([f"{SITE}/a", f"{SITE}/b"])
    assert remote.fetch(f"{SITE}/a") is None
    assert remote.list_requests()[0].answer == "no process could be started to fetch it"
    assert remote.failure == f"{SITE}/a: no process could be started to fetch it"


def test_a_request_is_told_before_it_is_answered() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    told: list[str] = []

    def tell() -> None:
        told.append(remote.list_requests()[0].answer)
        theirs.send(OUTCOMES.encode(Outcome(error="404 Not Found")))

    remote = Remote(lambda *_: [ours.detach()], tell)
    with theirs:
        assert remote.fetch(f"{SITE}/a") is None
    assert told[0] == "not answered yet"
    assert remote.list_requests()[0].answer == "404 Not Found"


def test_a_child_that_says_nothing_is_waited_for_no_longer_than_its_time() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    times = iter(range(0, 10_000, 50))
    remote = Remote(lambda *_: [ours.detach()], lambda: None, lambda: next(times))
    with theirs, suppress(StopIteration):
        theirs.send(OUTCOMES.encode(Outcome(number=1, error="late")))
        remote.prefetch([f"{SITE}/a", f"{SITE}/b"])
        assert remote.fetch(f"{SITE}/a") is None
        assert remote.list_requests()[0].answer == "no answer within 80 s"
        remote.close()
