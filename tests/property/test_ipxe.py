"""Scripts with any jumps end, and menus list their items."""

from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.formats.ipxe import FORMAT, context, explorer
from tests.property.test_formats import SETTINGS, check, scan_text

LABELS = [f"l{n}" for n in range(5)]
LABEL = st.sampled_from(LABELS)
SETTING = st.sampled_from(["x", "y", "n:int8", "net0/z"])
VALUE = st.one_of(LABEL, st.sampled_from(["${x}", "${y}", "${n}", "${x}${y}", "${${x}}", "", "7"]))
CONDITION = st.one_of(
    st.builds("isset {}".format, VALUE),
    st.builds("iseq {} {}".format, VALUE, VALUE),
    st.sampled_from(["chain http://h/gone", "prompt --timeout 1", "cpuid --ext 29", "read x"]),
)
JUMP = st.builds("goto {}".format, st.one_of(LABEL, VALUE))
PLAIN = st.one_of(
    st.builds("set {} {}".format, SETTING, VALUE),
    st.builds("clear {}".format, SETTING),
    st.builds("inc {}".format, SETTING),
    st.builds("item {0} To {0}".format, LABEL),
    st.builds("item {} ${{x}}".format, LABEL),
    st.sampled_from(["menu M", "choose x", "choose --default l1 --timeout 9 x && goto ${x}"]),
    st.sampled_from(["kernel /vmlinuz a=${x}", "initrd /i", "boot", "imgfree", "exit", "shell"]),
    st.sampled_from(
        ["chain /other.ipxe", "chain --replace /autoexec.ipxe", "chain /autoexec.ipxe"]
    ),
)
STATEMENT = st.one_of(
    PLAIN,
    JUMP,
    st.builds(
        "{} {} {}".format, CONDITION, st.sampled_from(["&&", "||", ";"]), st.one_of(PLAIN, JUMP)
    ),
    st.builds("{} && {} || {}".format, CONDITION, JUMP, JUMP),
    st.builds(":{}".format, LABEL),
)


@settings(SETTINGS, max_examples=60)
@given(lines=st.lists(STATEMENT, max_size=40))
def test_any_jumps(lines: list[str]) -> None:
    content = "\n".join(["#!ipxe", *lines]).encode()
    # A smaller budget ends the same loops sooner.
    with patch.object(context, "STEPS", 6_000), patch.object(explorer, "ONE_ITEM", 600):
        scan = scan_text(FORMAT, content)
    check(scan, content)
    # Each entry is bootable or has a reason why not.
    assert all(bool(entry.kernel) != bool(entry.unbootable) for _, entry in scan.entries)


@settings(SETTINGS, max_examples=100)
@given(labels=st.lists(LABEL, min_size=1, max_size=8), default=LABEL, data=st.data())
def test_a_menu_lists_what_its_items_boot(
    labels: list[str], default: str, data: st.DataObject
) -> None:
    items = [f"item {label}" for label in labels]
    targets = [f":{label}\nkernel /vmlinuz {label}\nboot" for label in LABELS]
    targets = data.draw(st.permutations(targets))
    script = ["#!ipxe", "menu", *items, f"choose --default {default} x", "goto ${x}", *targets]
    scan = scan_text(FORMAT, "\n".join(script).encode())
    assert [entry.cmdline for _, entry in scan.entries] == labels
    first = labels.index(default) if default in labels else 0
    assert [entry.default for _, entry in scan.entries] == [n == first for n in range(len(labels))]
