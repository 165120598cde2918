import marshal
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).parent.parent
RECORD = """
import marshal, sys
from petipy import prepared
table = prepared.record()
import petipy.model
sys.stdout.buffer.write(marshal.dumps(table))
"""
USE = """
import builtins, sys
from petipy import prepared
prepared.install(sys.argv[1])
compiled = []
def watch(event, arguments):
    if event == "compile" and arguments[0] is not None and b"__create_fn__" in arguments[0]:
        compiled.append(arguments[0])
sys.addaudithook(watch)
from petipy.model import File
assert File(path="/a") == File(path="/a") != File(path="/b")
print(len(compiled))
"""


def python(program: str, *arguments: str) -> bytes:
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, cwd=TOP, check=True, stdout=subprocess.PIPE).stdout


def test_dataclasses_take_their_code_from_the_table(tmp_path: Path) -> None:
    table = tmp_path / "prepared"
    table.write_bytes(python(RECORD))
    assert len(marshal.loads(table.read_bytes())) > 10
    assert python(USE, str(table)) == b"0\n"


def test_without_a_table_they_compile_as_ever() -> None:
    assert int(python(USE, "/nonexistent")) > 10
