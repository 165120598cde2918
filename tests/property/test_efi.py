"""A damaged EFI program never makes the reader of unified kernel images fail."""

from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.formats.uki import FORMAT
from tests import efi
from tests.property.test_formats import SETTINGS, check, scan_text

NAMES = st.sampled_from([".linux", ".initrd", ".osrel", ".cmdline", ".uname", ".profile", ".dtb"])
SECTIONS = st.lists(st.tuples(NAMES, st.binary(max_size=60)), max_size=12)


@settings(SETTINGS, max_examples=300)
@given(sections=SECTIONS, data=st.data())
def test_any_program_with_any_bytes_changed(
    sections: list[tuple[str, bytes]], data: st.DataObject
) -> None:
    content = bytearray(efi.program(sections))
    for _ in range(data.draw(st.integers(0, 4))):
        # Mostly in the headers.
        at = data.draw(st.integers(0, min(len(content), 900) - 1))
        content[at] = data.draw(st.integers(0, 255))
    cut = bytes(content[: data.draw(st.integers(0, len(content)))])
    for image in (bytes(content), cut):
        scan = scan_text(FORMAT, image)
        check(scan, image)
        for _, entry in scan.entries:
            parts = [part for part in (entry.kernel, *entry.initrds, entry.devicetree) if part]
            assert all(0 < part.size <= len(image) - part.offset for part in parts)
