"""Each catalogue has every text of the sources, nothing else, and the same values in it."""

import shutil
import subprocess
from string import Formatter

import pytest

from petipy.ui.catalogue import find_code, list_headers, parse, read
from petipy.ui.line.letters import ASCII, Letters
from petipy.ui.translator import Translator
from tests.ui.languages.messages import CATALOGUES, find_messages, read_source

CODES = [path.stem for path in sorted(CATALOGUES.glob("*.po"))]
MESSAGES = {message.text: message for message in find_messages()}


def find_values(text: str) -> list[tuple[str | None, str | None, str | None]]:
    """Return the values in a text, each with its format."""
    parts = [(name, form, how) for _, name, form, how in Formatter().parse(text)]
    return sorted(part for part in parts if part[0] is not None)


@pytest.mark.parametrize("code", CODES)
def test_a_catalogue_has_every_text_and_no_other(code: str) -> None:
    _, found = read(code)
    assert not [text for text in MESSAGES if text not in found], "missing: see petipy/ui/README.md"
    assert not [text for text in found if text not in MESSAGES], "no longer in the sources"
    assert not [text for text, forms in found.items() if not all(forms)], "not translated"


@pytest.mark.parametrize("code", CODES)
def test_a_translation_has_the_values_of_its_text(code: str) -> None:
    _, found = read(code)
    for text, forms in found.items():
        if not (many := MESSAGES[text].many):
            assert [find_values(form) for form in forms] == [find_values(text)], text
            continue
        for form in forms:  # the one for 1 may leave the number out
            assert find_values(form) in (find_values(text), find_values(many)), text


@pytest.mark.parametrize("code", CODES)
def test_a_translation_begins_and_ends_with_the_blanks_of_its_text(code: str) -> None:
    _, found = read(code)
    for text, forms in found.items():
        for form in forms:
            assert text.startswith(" ") == form.startswith(" "), text
            assert not form.endswith(" "), text
            assert "\n" not in form, text


@pytest.mark.parametrize("code", CODES)
def test_a_catalogue_has_as_many_forms_as_its_rule_gives(code: str) -> None:
    header, found = read(code)
    translator = Translator(Letters(None))
    assert translator.use(code)
    count = int(header.plural.partition("nplurals=")[2].partition(";")[0])
    for text, message in MESSAGES.items():
        assert len(found[text]) == (count if message.many else 1), text
    for number in (0, 1, 2, 5, 11, 100):
        assert str(number) in translator.plural(number, "{number} entry", "{number} entries")


@pytest.mark.parametrize("code", CODES)
def test_a_console_shows_each_letter_or_has_something_for_it(code: str) -> None:
    header, found = read(code)
    letters = {letter for forms in found.values() for form in forms for letter in form}
    unknown = {letter for letter in letters if not Letters(None).has(letter)}
    assert not unknown, "no console shows these: petipy.ui.line.letters"
    if header.substitutes:
        lacking = {c for c in letters | {*header.title} if not ASCII.has(c)}
        assert not lacking - set(header.substitutes), "X-Ascii lacks these"
        assert "".join(header.substitutes.values()).isascii()


@pytest.mark.parametrize("code", CODES)
def test_a_key_keeps_its_place_and_its_name_in_line_mode(code: str) -> None:
    """A footer begins with its key; a help with a colon has a name before it."""
    _, found = read(code)
    for text, forms in found.items():
        assert text.startswith("{} ") <= forms[0].startswith("{} "), text


@pytest.mark.parametrize("code", CODES)
@pytest.mark.skipif(not shutil.which("msgfmt"), reason="gettext is not installed")
def test_gettext_reads_a_catalogue_too(code: str) -> None:
    command = ["msgfmt", "--check-format", "-o", "/dev/null", str(CATALOGUES / f"{code}.po")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_languages_are_listed_by_their_codes_and_english_is_among_them() -> None:
    headers = list_headers()
    assert [header.code for header in headers] == sorted(["en", *CODES])
    assert all(header.title and header.english for header in headers)
    assert not next(header for header in headers if header.code == "de").machine_made


@pytest.mark.parametrize(
    ("locale", "code"),
    [
        ("de", "de"),
        ("de_AT", "de"),
        ("en", "en"),
        ("en_GB", "en"),
        ("xx", ""),
        ("", ""),
        ("../de", ""),
    ],
)
def test_a_locale_without_a_catalogue_has_that_of_its_language(locale: str, code: str) -> None:
    assert find_code(locale) == code


def test_entries_are_read_as_gettext_writes_them() -> None:
    text = (
        '# head\nmsgid ""\nmsgstr "A: b\\n"\n"C: d\\n"\n\n#, fuzzy\n#: x.py:1\n'
        'msgid "say \\"no\\""\nmsgstr ""\n"sag "\n"\\"nein\\"\\\\"\n'
        'msgid "one"\nmsgid_plural "many"\nmsgstr[0] "eins"\nmsgstr[1] "viele"\n'
    )
    assert [*parse(text)] == [
        {"msgid": "", "msgstr": "A: b\nC: d\n"},
        {"msgid": 'say "no"', "msgstr": 'sag "nein"\\'},
        {"msgid": "one", "msgid_plural": "many", "msgstr[0]": "eins", "msgstr[1]": "viele"},
    ]


def test_a_text_that_is_put_together_before_it_is_translated_is_found() -> None:
    with pytest.raises(ValueError, match="put together"):
        [*read_source('phrase(f"{name} boots")')]
    assert [m.text for m in read_source('self._phrase("a", b="c")\nmark("d")\nother("e")')] == [
        "a",
        "d",
    ]
    assert [*read_source('t.plural(n, "{number} a", "{number} b")')] == [
        ("{number} a", "{number} b", "")
    ]
