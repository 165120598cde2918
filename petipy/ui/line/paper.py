"""Output for terminals that can only print: lines, and a prompt with the text that is typed."""

from petipy.ui.line.plain import to_ascii
from petipy.ui.line.terminal import Terminal


class Paper:
    """The lines of a terminal, and the last one: a prompt with the text behind it."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._at_prompt = False
        self.typed = ""

    def say(self, *lines: str) -> None:
        """Write lines; with none, end the line that is there."""
        text = "".join(f"{to_ascii(line)}\r\n" for line in lines)
        self._terminal.write(("\r\n" if self._at_prompt else "") + text)
        self._at_prompt = False

    def prompt(self, text: str, typed: str) -> None:
        """Write a prompt, unless it is there."""
        if not self._at_prompt:
            self._at_prompt, self.typed = True, typed
            self._terminal.write(to_ascii(text) + typed)

    def echo(self, text: str) -> None:
        """Show another text behind the prompt, as a terminal's driver echoes letters."""
        old, same = self.typed, 0
        while same < min(len(old), len(text)) and old[same] == text[same]:
            same += 1
        self._terminal.write("\b \b" * (len(old) - same) + text[same:])
        self.typed = text

    def take(self) -> str:
        """End the line, and return its text."""
        text, self.typed = self.typed, ""
        self.say()
        return text

    def reset(self) -> None:
        """Begin on an empty line."""
        self._at_prompt, self.typed = False, ""
