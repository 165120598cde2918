"""Output for terminals that can only print: lines, and a prompt with the text that is typed."""

from itertools import takewhile

from petipy.ui.line.letters import ASCII, Letters
from petipy.ui.line.plain import shorten, to_ascii, to_text
from petipy.ui.line.terminal import Terminal

_LONGEST = 4000  # characters of a line: four seconds of a slow one, and two long command lines


class Paper:
    """The lines of a terminal, and the last one: a prompt with the text behind it.

    The terminal shows `letters` besides ASCII.
    """

    def __init__(self, terminal: Terminal, letters: Letters = ASCII) -> None:
        self._terminal, self._letters = terminal, letters
        self._at_prompt = False
        self.typed = ""

    def say(self, *lines: str) -> None:
        """Write lines; with none, end the line that is there."""
        short = (shorten(line, _LONGEST) for line in lines)
        text = "".join(f"{''.join(self._show(line))}\r\n" for line in short)
        self._terminal.write(("\r\n" if self._at_prompt else "") + text)
        self._at_prompt = False

    def prompt(self, text: str, typed: str) -> None:
        """Write a prompt, unless it is there."""
        if not self._at_prompt:
            self._at_prompt, self.typed = True, typed
            self._terminal.write("".join((*self._show(text), *self._show(typed))))

    def echo(self, text: str) -> None:
        """Show another text behind the prompt, as a terminal's driver echoes letters."""
        old, new = self._show(self.typed), self._show(text)
        same = len([*takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False))])
        self._terminal.write("\b \b" * (len(old) - same) + "".join(new[same:]))
        self.typed = text

    def take(self) -> str:
        """End the line, and return its text."""
        text, self.typed = self.typed, ""
        self.say()
        return text

    def reset(self) -> None:
        """Begin on an empty line."""
        self._at_prompt, self.typed = False, ""

    def _show(self, text: str) -> list[str]:
        """Return what to send for each cell of a text."""
        if self._letters is ASCII:
            return [*to_ascii(text)]
        return self._letters.show(to_text(text))
