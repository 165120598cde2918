"""Lines and prompts of a terminal without cursor motion."""

from petipy.ui.line.letters import Letters
from petipy.ui.line.paper import Paper


class Sheet:
    """A terminal that keeps what is written; a backspace moves, and a blank rubs out."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text += text

    @property
    def last(self) -> str:
        """The last line as it is seen. A wide letter takes two cells."""
        cells: list[str] = []
        at = 0
        for letter in self.text.rpartition("\n")[2]:
            if letter == "\b":
                at -= 1
                continue
            new = [letter, ""] if letter >= "\u3000" else [letter]
            cells[at : at + len(new)] = new
            at += len(new)
        return "".join(cells).rstrip()


def make(letters: Letters | None = None) -> tuple[Sheet, Paper]:
    sheet = Sheet()
    known = [letters] if letters else []
    return sheet, Paper(sheet, *known)  # type: ignore[arg-type]


def test_a_line_that_keeps_a_slow_terminal_busy_is_cut_in_its_middle() -> None:
    sheet, paper = make()
    paper.say("a" + "x" * 100_000 + "z")
    assert len(sheet.text) < 4100
    assert (sheet.text[0], sheet.text[-3:]) == ("a", "z\r\n")


def test_lines_are_ascii_on_a_terminal_that_knows_no_more() -> None:
    sheet, paper = make()
    paper.say("Größe 日本\x1b[2J")
    assert sheet.text == "Grosse ???[2J\r\n"


def test_lines_have_their_letters_on_a_terminal_that_knows_them() -> None:
    sheet, paper = make(Letters(None))
    paper.say("Größe 日本 \u202ex\x1b[2J")
    assert sheet.text == "Größe 日本 ?x?[2J\r\n"


def test_only_the_letters_of_the_font_are_sent() -> None:
    sheet, paper = make(Letters(frozenset("ö")))
    paper.say("Größe")
    assert sheet.text == "Größe".replace("ß", "s") + "\r\n"


def test_what_is_typed_is_rubbed_out_cell_by_cell() -> None:
    sheet, paper = make(Letters(None))
    paper.prompt("Wörter: ", "ä日")
    assert sheet.last == "Wörter: ä日"
    paper.echo("ä日本x")
    assert sheet.last == "Wörter: ä日本x"
    paper.echo("ä日")
    assert sheet.last == "Wörter: ä日"
    paper.echo("")
    assert sheet.last == "Wörter:"
    paper.echo("b")
    assert sheet.last == "Wörter: b"
    assert paper.take() == "b"
