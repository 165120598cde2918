"""README's table of the settings. A test compares; pytest --update-golden writes it."""

from collections.abc import Iterator

from petipy.settings.table import SETTINGS, Setting

BEGIN, END = "<!-- settings: generated -->", "<!-- end of settings -->"


def make_table() -> str:
    """Return the lines between BEGIN and END, as Markdown."""
    return "".join(f"{line}\n" for line in _lines())


def _lines() -> Iterator[str]:
    yield "| setting | default | |"
    yield "|---|---|---|"
    for setting in (setting for setting in SETTINGS if setting.is_listed()):
        usage = setting.usage.replace("|", "\\|")
        default = setting.type.write(setting.default)
        yield f"| `{usage}` | {default} | {setting.help}{_remark(setting)} |"


def _remark(setting: Setting) -> str:
    remarks = [] if setting.live else ["counts at the start"]
    remarks += [] if "machine" in setting.layers else ["not kept on the machine"]
    return f" ({'; '.join(remarks)})" if remarks else ""


def update(readme: str) -> str:
    """Return the text of README with the present table. Raise ValueError without both markers."""
    before, _, rest = readme.partition(f"{BEGIN}\n")
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError("README has no place for the settings")
    return f"{before}{BEGIN}\n{make_table()}{END}{after}"
