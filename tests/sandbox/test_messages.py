"""The sandbox's messages: they come back as they were sent, and a wrong one is refused."""

import json
import math
from functools import cache
from typing import Annotated, Any, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.api import (
    Effect,
    Entry,
    FileRef,
    LineNumber,
    Origin,
    Password,
    Preferences,
    Problem,
    Volume,
    is_absolute_path,
    is_file_name,
)
from petipy.codec import Codec
from petipy.sandbox.captures import CAPTURES, Contents
from petipy.sandbox.messages import (
    ASKS,
    FAILURES,
    REQUESTS,
    SCANS,
    Failure,
    Mount,
    Request,
)
from petipy.sandbox.remote_messages import (
    FETCHES,
    NETWORK_REQUESTS,
    OUTCOMES,
    RECEIVED,
    Fetch,
    NetworkRequest,
    Outcome,
    Received,
)
from petipy.state.model import FormatFacts, Image, Scan

SCAN = Scan(
    entries=(
        ("grub", Entry(title="plain", name="a", config="/c", line=1)),
        (
            "bls",
            Entry(
                title="\udcff all",
                name="b",
                config="/d",
                line=7,
                end=9,
                trail=("More", "Even more"),
                kernel=FileRef(path="/v", device="UUID=1"),
                initrds=(FileRef(path="/i"), FileRef(url="http://x/i")),
                devicetree=FileRef(path="/dtb", offset=512, size=1 << 36),
                overlays=(FileRef(path="/a.dtbo"), FileRef(url="http://x/b.dtbo")),
                cmdline="root=/r",
                default=True,
                effects=(
                    Effect(file=FileRef(path="/e"), values=(("a", "1"), ("b", None))),
                    Effect(file=FileRef(path="/loader/entries/a+3.conf"), rename="a+2-1.conf"),
                ),
                waits_for="the disk",
                unbootable="because",
                action="reboot",
                hotkey="f2",
                classes=("os", "fedora"),
                users=("root",),
                hidden=True,
                help="first\nsecond",
                foreign=True,
                guess=True,
                origins=(
                    Origin("$x", "v", "/boot/grub/grub.cfg", 7, how="set", spans=((0, 4), (5, 6))),
                ),
                default_from=(Origin("default", "0", "/boot/grub/grub.cfg", 1),),
                also=("/x:3 (native)",),
            ),
        ),
    ),
    images=(Image(path="/a\udcff.iso", size=1 << 36, fs="iso9660", uuid="1", label="L"),),
    problems=(Problem("/c", 3, "odd"), Problem("/c", 4, "here", column=2, excerpt="xy")),
    preferences=(
        ("/c", Preferences(timeout=math.inf)),
        ("/d", Preferences(timeout=2.5, fallback=("a", "b"))),
        ("/e", Preferences()),
        (
            "/f",
            Preferences(
                style="hidden",
                superusers=("root",),
                passwords=(Password(user="root", secret="grub.pbkdf2.…", hashed=True),),
                dialect="fedora",
            ),
        ),
        ("/g", Preferences(elsewhere=True)),
    ),
    missing=(FileRef(path="/v"),),
    formats=(FormatFacts(name="native", hotkeys_select=True),),
)


CODECS: dict[str, tuple[Codec[Any], Any]] = {
    "scan": (SCANS, Scan),
    "capture": (CAPTURES, dict[str, Contents]),
    "request": (REQUESTS, Request),
    "failure": (FAILURES, Failure),
    "ask": (ASKS, Mount),
    "network": (NETWORK_REQUESTS, NetworkRequest),
    "fetch": (FETCHES, Fetch),
    "received": (RECEIVED, Received),
    "outcome": (OUTCOMES, Outcome),
}
BYTES = range(1 << 40)


# A text may have any bytes: surrogates stand for bytes that are no UTF-8.
texts = st.binary(max_size=4).map(lambda data: data.decode("utf-8", "surrogateescape"))
KNOWN: dict[Any, st.SearchStrategy[Any]] = {
    str: texts,
    bool: st.booleans(),
    int: st.integers(0, BYTES[-1]),
    float: st.floats(0, 1e9, exclude_max=True) | st.just(math.inf),
    LineNumber: st.integers(0, (1 << 31) - 1),
}


@cache
def values(kind: Any) -> st.SearchStrategy[Any]:
    """Return any value of a type, with the bounds that its annotations give."""
    if kind in KNOWN:
        return KNOWN[kind]
    if get_origin(kind) is Annotated:
        base, bound = get_args(kind)
        if get_origin(base) is tuple:
            least = bound[0]
            return st.lists(values(get_args(base)[0]), min_size=least, max_size=least + 1).map(
                tuple
            )
        if base is int:
            return st.integers(bound[0], bound[-1])
        # Few texts are paths: most are made so.
        names = texts.map(lambda text: text.replace("\0", "").replace("/", "") + "a")
        likely = names.map(lambda name: f"/{name}/") if bound("/a/") else names
        return (likely | likely | texts).filter(bound)
    if get_origin(kind) is tuple and get_args(kind)[-1] is ...:
        return st.lists(values(get_args(kind)[0]), max_size=1).map(tuple)
    if get_origin(kind) is tuple:
        return st.tuples(*map(values, get_args(kind)))
    if get_origin(kind) is dict:
        return st.dictionaries(*map(values, get_args(kind)), max_size=1)
    if hasattr(kind, "__dataclass_fields__"):
        fields = kind.__dataclass_fields__.values()
        return st.fixed_dictionaries({f.name: values(f.type) for f in fields}).map(
            lambda found: kind(**found)
        )
    if get_args(kind) and get_origin(kind) not in (tuple, dict):
        members = get_args(kind)
        if all(isinstance(member, str) for member in members):
            return st.sampled_from(members)
        return st.one_of(
            [st.none() if member is type(None) else values(member) for member in members]
        )
    raise AssertionError(kind)


@pytest.mark.parametrize("name", CODECS)
@settings(max_examples=40)
@given(data=st.data())
def test_a_message_comes_back_as_it_was_sent(name: str, data: st.DataObject) -> None:
    codec, kind = CODECS[name]
    value = data.draw(values(kind))
    assert codec.decode(codec.encode(value)) == value


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(categories=["L", "Cs", "Cc"]), max_size=5)
    | st.sampled_from(["..", "a/b", "/\0", 1 << 40, -1, 1e400]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@pytest.mark.parametrize("name", CODECS)
@settings(max_examples=40)
@given(data=st.data())
def test_a_message_with_a_change_is_refused_or_is_a_valid_one(
    name: str, data: st.DataObject
) -> None:
    codec, kind = CODECS[name]
    box: Any = {"top": json.loads(codec.encode(data.draw(values(kind))))}
    *way, last = ("top", *data.draw(st.sampled_from(places(box["top"]))))
    inner = box
    for key in way:
        inner = inner[key]
    change = data.draw(st.sampled_from(["replace", "remove", "add"]))
    if change == "remove" and len(inner) > 1:
        del inner[last]
    elif change == "add" and isinstance(inner, dict):
        inner[data.draw(st.text(max_size=3))] = data.draw(json_values)
    else:
        inner[last] = data.draw(json_values)
    found = decoded(codec, json.dumps(box["top"]).encode())
    if found is not None:
        check(kind, found)
        assert codec.decode(codec.encode(found)) == found


@pytest.mark.parametrize("name", CODECS)
@given(data=st.binary(max_size=50))
def test_any_bytes_are_refused_or_are_a_valid_message(name: str, data: bytes) -> None:
    codec, kind = CODECS[name]
    found = decoded(codec, data)
    if found is not None:
        check(kind, found)


def decoded(codec: Codec[Any], data: bytes) -> object:
    """Return the value, or None for a message that is refused."""
    try:
        return codec.decode(data)
    except ValueError:
        return None


def check(kind: Any, value: Any) -> None:
    """Fail unless the value is of the type, within its bounds."""
    arguments = get_args(kind)
    if kind in (str, bool):
        assert type(value) is kind
        assert kind is bool or value.encode("utf-8", "surrogateescape") is not None
    elif kind is int:
        assert type(value) is int
        assert value in BYTES
    elif kind is float:
        assert type(value) in (int, float)
        assert 0 <= value < 1e9 or value == math.inf
    elif get_origin(kind) is Annotated and get_origin(arguments[0]) is tuple:
        check(arguments[0], value)
        assert len(value) in arguments[1]
    elif get_origin(kind) is Annotated:
        assert type(value) is arguments[0]
        assert arguments[1](value) if arguments[0] is str else value in arguments[1]
    elif hasattr(kind, "__dataclass_fields__"):
        assert type(value) is kind
        for field in kind.__dataclass_fields__.values():
            check(field.type, getattr(value, field.name))
    elif get_origin(kind) is tuple:
        assert type(value) is tuple
        many = arguments[-1] is ...
        kinds = [arguments[0]] * len(value) if many else arguments
        for item, part in zip(kinds, value, strict=True):
            check(item, part)
    elif get_origin(kind) is dict:
        for key, part in value.items():
            check(arguments[0], key)
            check(arguments[1], part)
    elif all(isinstance(member, str) for member in arguments):
        assert value in arguments
    elif value is None:
        assert type(None) in arguments
    else:
        (member,) = [m for m in arguments if m is not type(None) and is_of(m, value)]
        check(member, value)


def is_of(kind: Any, value: object) -> bool:
    """Return True if the value may be of this member of a union."""
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if hasattr(kind, "__dataclass_fields__"):
        return type(value) is kind
    return isinstance(value, (int, float) if kind is float else get_origin(kind) or kind)


def test_a_member_of_a_union_may_have_a_bound() -> None:
    bounded = Annotated[tuple[str, ...], range(3)]
    check(bounded | None, ("a", "b"))
    check(bounded | None, None)


def test_a_scan_comes_back_as_it_was_sent() -> None:
    assert SCANS.decode(SCANS.encode(SCAN)) == SCAN


def places(value: Any, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the way to every value inside, containers included."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = [at]
    for key, item in inner if isinstance(value, dict | list) else ():
        found += places(item, (*at, key)) if isinstance(item, dict | list) else [(*at, key)]
    return found


PLACES = places(json.loads(SCANS.encode(SCAN)))


@pytest.mark.parametrize("wrong", [["x", 1, True], {"x": 1}, -1, math.nan, 1 << 40])
@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_value_of_the_wrong_type_is_refused_wherever_it_is(
    place: tuple[str | int, ...], wrong: object
) -> None:
    box: Any = {"top": json.loads(SCANS.encode(SCAN))}
    *way, last = ("top", *place)
    inner = box
    for key in way:
        inner = inner[key]
    inner[last] = wrong
    with pytest.raises(ValueError, match="expected"):
        SCANS.decode(json.dumps(box["top"]).encode())


@pytest.mark.parametrize("field", ["entries", "missing"])
def test_a_field_too_few_or_too_many_is_refused(field: str) -> None:
    less = json.loads(SCANS.encode(SCAN))
    more = less | {"extra": []}
    del less[field]
    for value in (less, more):
        with pytest.raises(ValueError, match="the fields of Scan"):
            SCANS.decode(json.dumps(value).encode())


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"[" * 100_000, "nested too deeply"),
        (b'{"volume": ' * 100_000, "nested too deeply"),
        (b'{"volume": ' + b"1" * 5000 + b"}", "integer string conversion"),
        (b'{"volume": "\\ud800"}', "volume: .*surrogates not allowed"),
        (b'{"volume": "\xff"}', "can't decode"),
        (b'{"volume": true}', "volume: expected a text, not True"),
        (b'{"volume": "a", "b": 1}', "expected the fields of Mount, not an object"),
        (b"", "Expecting value"),
    ],
)
def test_a_hostile_message_is_refused_with_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        ASKS.decode(data)


def test_users_have_a_bound() -> None:
    message = json.loads(SCANS.encode(SCAN))
    message["preferences"][0][1]["superusers"] = [""] * 300
    with pytest.raises(ValueError, match="superusers: expected a list of at most 256, not of 300"):
        SCANS.decode(json.dumps(message).encode())


@pytest.mark.parametrize(("field", "most"), [("wants", 64), ("formats", 65_536)])
def test_a_list_has_a_bound(field: str, most: int) -> None:
    message = json.loads(SCANS.encode(SCAN))
    message[field] = [""] * 1_000_000
    with pytest.raises(ValueError, match=f"{field}: expected a list of at most {most}"):
        SCANS.decode(json.dumps(message).encode())


def test_an_object_has_a_bound() -> None:
    message: dict[str, object] = {f"{number}": {} for number in range(70_000)}
    with pytest.raises(ValueError, match="expected an object of at most 65536, not of 70000"):
        CAPTURES.decode(json.dumps(message).encode())


def test_a_request_names_its_type() -> None:
    for data, reason in (
        (b'{"Reboot": {}}', "one of .*'ScanRequest'.*, not 'Reboot'"),
        (b'{"ScanRequest": {}, "OpenRequest": {}}', "an object with one key"),
        (b'["ScanRequest"]', "an object with one key, not a list"),
    ):
        with pytest.raises(ValueError, match=reason):
            REQUESTS.decode(data)


def test_a_path_is_absolute_and_a_name_leads_nowhere_else() -> None:
    assert [is_absolute_path(text) for text in ("/", "/a", "a", "", "/a\0")] == [
        *(True, True),
        *(False, False, False),
    ]
    assert [is_file_name(text) for text in ("a..", "", ".", "..", "a/b", "a\0")] == [
        *(True, True),
        *(False, False, False, False),
    ]


def test_a_failure_keeps_a_sentence_that_can_be_sent() -> None:
    for number, words in ((5, "x" * 5000), (0, "bad \ud800"), (1 << 40, "")):
        failure = Failure.of(number, words)
        assert FAILURES.decode(FAILURES.encode(failure)) == failure


def test_a_type_that_no_message_can_hold_is_a_mistake_of_the_program() -> None:
    with pytest.raises(TypeError, match="no message can hold"):
        Codec[object](object).decode(b"1")


def test_volumes_come_back_from_a_request_with_all_their_names() -> None:
    volume = Volume(name="sda1", uuid="1", scheme="gpt", partition=2, udev_links="disk/by-id/x")
    assert Codec[Volume](Volume).decode(Codec[Volume](Volume).encode(volume)) == volume
