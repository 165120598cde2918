"""Compile modules of others without what nobody in the image uses.

All parsers need of pyparsing is Regex, and the methods of ParserElement that scan by it. The other
elements, the ready-made grammars, the sets of Unicode's letters and the second names of methods
cost 32 million instructions at each start. The build imports and runs all grammars: it fails if a
parser needs more. The names of socket's numbers cost 7 million; the numbers stay.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field

_SECOND_NAMES = "replaced_by_pep8"  # a call of it makes a method's deprecated name


@dataclass(frozen=True, slots=True, kw_only=True)
class Trim:
    """`kept`: definitions of the module that stay, or None for all; `dropped`: the others.

    `methods`: methods that are dropped, by class. `values`: source for variables. `calls`: the
    functions whose calls are dropped. `more`: source for the end of the module.
    """

    kept: frozenset[str] | None = None
    dropped: frozenset[str] = frozenset()
    methods: Mapping[str, frozenset[str]] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    calls: frozenset[str] = frozenset()
    more: str = ""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


TRIMS: Mapping[str, Trim] = {
    "pyparsing.core": Trim(
        kept=_set(
            "ParserElement ParserElement._literalStringClass Token Regex Literal Empty"
            " _SingleCharLiteral Diagnostics __compat__ __diag__ str_type _MAX_INT"
            " _single_arg_builtins _generatorType _ParseActionIndexError _trim_arity"
            " _trim_arity_call_line pa_call_line_synth _default_start_debug_action"
            " _default_success_debug_action _default_exception_debug_action _builtin_exprs"
            " _should_enable_warnings enable_all_warnings enable_diag disable_diag"
        ),
        methods={
            "ParserElement": _set(
                "inline_literals_using using_each visit_all set_break add_condition"
                " set_fail_action can_parse_next disable_memoization enable_left_recursion"
                " enable_packrat transform_string search_string split __add__ __radd__ __sub__"
                " __rsub__ __mul__ __rmul__ __or__ __ror__ __xor__ __rxor__ __and__ __rand__"
                " __invert__ __getitem__ __call__ suppress set_debug_actions validate parse_file"
                " matches run_tests create_diagram"
            )
        },
    ),
    "pyparsing.actions": Trim(kept=_set("OnlyOnce")),
    "pyparsing.exceptions": Trim(
        dropped=_set("_ExceptionWordUnicodeSet _extract_alphanums"),
        # A message quotes the word at which a text is wrong.
        values={"_exception_word_extractor": r"re.compile(r'(\w{1,16})|.')"},
    ),
    "socket": Trim(
        calls=_set("IntEnum._convert_ IntFlag._convert_"),
        more="AddressFamily = SocketKind = MsgFlag = AddressInfo = int",
    ),
}


def trim(name: str, source: bytes) -> bytes | ast.Module:
    """Return the module of this name without what is not used; the source itself if it is whole."""
    if name not in TRIMS:
        return source
    rules, tree = TRIMS[name], ast.parse(source)
    tree.body = [
        node
        for node in tree.body
        if _stays(node, rules.kept, rules.dropped) and _find_call(node) not in rules.calls
    ]
    tree.body += ast.parse(rules.more).body
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            dropped = rules.methods.get(node.name, frozenset())
            node.body = [part for part in node.body if _stays(part, None, dropped)]
        if isinstance(node, ast.Assign) and (value := rules.values.get(_name(node))):
            node.value = ast.parse(value, mode="eval").body
    return ast.fix_missing_locations(tree)


def _stays(node: ast.stmt, kept: frozenset[str] | None, dropped: frozenset[str]) -> bool:
    assigned = isinstance(node, ast.Assign | ast.AnnAssign)
    if not assigned and not isinstance(node, ast.ClassDef | ast.FunctionDef):
        return True
    if assigned and _SECOND_NAMES in ast.unparse(node):
        return False
    name = _name(node)
    return name not in dropped and (kept is None or name in kept)


def _find_call(node: ast.stmt) -> str:
    """Return the function that a statement calls, if it does nothing else."""
    match node:
        case ast.Expr(value=ast.Call(func=function)):
            return ast.unparse(function)
    return ""


def _name(node: ast.stmt) -> str:
    """Return the name that a statement defines."""
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
            return name
        case ast.Assign(targets=[target]) | ast.AnnAssign(target=target):
            return ast.unparse(target)
    return ""
