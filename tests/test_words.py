"""Every text a user may read is a whole sentence, goes through `sentence`, and is there in three languages."""

import ast
import gettext
import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from zerokara import words
from zerokara.words import paragraph, plural, sentence

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"
specification = importlib.util.spec_from_file_location("catalogues", ROOT / "docs" / "catalogues.py")
catalogues = importlib.util.module_from_spec(specification)
specification.loader.exec_module(catalogues)

FILES = sorted(SOURCE.rglob("*.py"))
MARKS = ("sentence", "plural", "translatable", "in_english")
"""What a text goes through; the last keeps it English on purpose."""

TOLD = (
    *("print", "_print", "say", "tell", "input", "warn", "write", "exit", "SystemExit", "Group"),
    *("suptitle", "set_title", "set_xlabel", "set_ylabel", "set_label", "annotate", "text", "legend"),  # Matplotlib
    *("TextColumn", "Text", "add_task"),  # rich
    "__init__",  # of an error: super().__init__(text)
)
"""Functions whose text arguments a user reads."""
TOLD_BY_NAME = ("help", "label", "title", "heading", "description", "usage", "help_epilogue")
NOT_TOLD = ("AssertionError", "AttributeError", "KeyError", "NotImplementedError", "SystemExit", "StopIteration")
"""What Python itself asks for and catches, or what only a developer can cause."""
WORDS_IN_A_ROW = re.compile(r"[A-Za-z]{2,},? [a-z]{2,},? [a-z]{2,}|\b[A-Z][a-z]+ [a-z]{2,}")
TWO_WORDS = re.compile(r"[A-Za-z]{2,},? [a-z]{2,}|^ ?[a-z]{2,} [a-z]{2,}|^ [a-z]{2,}")
CLASS_NAMES = ("Ankle boot",)
"""Of a data set, as it was published."""


def name_of(path: Path) -> str:
    return str(path.relative_to(SOURCE))


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def called(node: ast.AST) -> str:
    """The name of the function that a call calls; "" for another node."""
    if not isinstance(node, ast.Call):
        return ""
    function = node.func
    if isinstance(function, ast.Name | ast.Attribute):
        return function.id if isinstance(function, ast.Name) else function.attr
    return ast.unparse(function).rpartition(".")[2]


def texts(node: ast.AST) -> Iterator[ast.Constant]:
    """The text constants in an expression that no mark stands around; not what it is indexed by or compared with."""
    if called(node) in MARKS:
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node
    elif isinstance(node, ast.Subscript):
        yield from texts(node.value)
    elif isinstance(node, ast.Compare | ast.FormattedValue):
        return
    elif isinstance(node, ast.Call):
        for part in [*node.args, *(k.value for k in node.keywords if k.arg not in ("end", "file", "sep"))]:
            yield from texts(part)
    else:
        for part in ast.iter_child_nodes(node):
            yield from texts(part)


def is_wording(text: str) -> bool:
    return bool(re.search(r"[A-Za-z]{2,}", re.sub(r"\{[^}]*\}|\x1b\[.|--[a-z-]+|\.[a-z]+\b|[A-Z]{2,}", "", text)))


def docstrings(tree: ast.AST) -> set[ast.AST]:
    """Statements that are only a text: docstrings, also those below constants."""
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def past_sentence(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Texts that reach a user and go through nothing, also by a name that holds them."""
    for scope, named in scopes(tree):
        for part in told(scope):
            yield from ((c.lineno, c.value) for c in texts(part) if is_wording(c.value))
            held = (value for name in names(part) for value in named.get(name, []))
            yield from ((c.lineno, c.value) for value in held for c in texts(value) if TWO_WORDS.search(c.value))


def told(tree: ast.AST) -> Iterator[ast.AST]:
    """The expressions whose text a user reads."""
    for node in ast.walk(tree):
        if called(node) in TOLD and not _has_key(node):
            yield from node.args
        if re.search("Error$|^Diverged$", called(node)) and called(node) not in NOT_TOLD:
            yield from node.args[:1]
        if isinstance(node, ast.Call):
            yield from (k.value for k in node.keywords if k.arg in TOLD_BY_NAME)
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and called(node.exc) not in NOT_TOLD:
            is_name = called(node.exc) == "unknown_name" and ast.unparse(node.exc.args[0]).strip("'").isidentifier()
            yield from [] if is_name else node.exc.args[:1]


def _has_key(node: ast.Call) -> bool:
    """Whether it tells a sentence of the kit, by its key."""
    named = [ast.unparse(argument) for argument in node.args[:1]]
    return called(node) == "tell" and bool(node.keywords or any(re.fullmatch("'[a-z]+-[a-z]+'", it) for it in named))


def scopes(tree: ast.AST) -> Iterator[tuple[ast.AST, dict[str, list[ast.AST]]]]:
    """A file and each of its functions, with what the names there are given."""
    of_file = assigned(tree.body)
    yield tree, of_file
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield node, of_file | assigned([node])


def assigned(nodes: list[ast.AST]) -> dict[str, list[ast.AST]]:
    """What each name is given in statements, and in those below them; of a file, not in its functions."""
    found: dict[str, list[ast.AST]] = {}
    within = (
        inner
        for node in nodes
        if len(nodes) == 1 or not isinstance(node, ast.FunctionDef | ast.ClassDef)
        for inner in ast.walk(node)
    )
    for node in within:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in filter(lambda target: isinstance(target, ast.Name), targets):
            found.setdefault(target.id, []).append(getattr(node, "value", None) or target)
    return found


def names(node: ast.AST) -> Iterator[str]:
    """The names in an expression that no mark stands around, also below {} of a text."""
    if called(node) in MARKS:
        return
    if isinstance(node, ast.Name):
        yield node.id
    for part in ast.iter_child_nodes(node):
        yield from names(part)


def unmarked(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Texts of three words and more that go through nothing, wherever they are: they are there to be read."""
    inside = {c for node in ast.walk(tree) if called(node) in MARKS for c in ast.walk(node)}
    inside |= {
        c for node in ast.walk(tree) if re.match(r"(LOGGER|logger|re)\.", _function(node)) for c in ast.walk(node)
    }
    inside |= {c for node in ast.walk(tree) if isinstance(node, ast.Assert) and node.msg for c in ast.walk(node.msg)}
    raised = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise) and called(node.exc) in NOT_TOLD]
    inside |= {c for error in raised for c in ast.walk(error)} | docstrings(tree)
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in inside
        if is_text and node.value not in CLASS_NAMES and WORDS_IN_A_ROW.search(node.value):
            yield node.lineno, node.value


def _function(node: ast.AST) -> str:
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def glued(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Sentences that are put together from parts: added, formatted into a text, or a fact of another sentence."""
    spoken = ("sentence", "plural", "paragraph")
    for scope, named in scopes(tree):
        for node in ast.walk(scope):
            parts: list[ast.AST] = []
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
                parts = [node.left, node.right]
            elif isinstance(node, ast.FormattedValue):
                parts = [node.value]
            elif called(node) == "format":
                parts = [*node.args, *(keyword.value for keyword in node.keywords)]
            elif called(node) in spoken[:2]:
                facts = [keyword.value for keyword in node.keywords if keyword.arg != "command"]
                held = (value for fact in facts if isinstance(fact, ast.Name) for value in named.get(fact.id, []))
                parts = [*facts, *held]
                if any(TWO_WORDS.search(c.value) for fact in facts for c in texts(fact)):
                    yield node.lineno, ast.unparse(node)
            for part in parts:
                if called(part) in spoken:
                    yield node.lineno, ast.unparse(node)


def badly_marked(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Calls whose template is no plain text, has blanks around it, or names other facts than the call gives."""
    for node in ast.walk(tree):
        if called(node) not in MARKS or _function(node).startswith("words."):
            continue
        count = 2 if called(node) == "plural" else 1
        for template in node.args[:count]:
            if isinstance(template, ast.Constant):
                given = {k.arg for k in node.keywords} | ({"n"} if count == 2 else set())
                named = {name for name, _, _ in catalogues.placeholders(template.value)}
                named = {re.split(r"[.\[]", name)[0] for name in named}
                stars = None in given or called(node) == "translatable"
                if template.value != template.value.strip() or not (stars or named <= given):
                    yield node.lineno, template.value
            elif called(node) == "translatable" or not isinstance(template, ast.Name | ast.Attribute | ast.Subscript):
                yield node.lineno, ast.unparse(template)


@pytest.mark.parametrize("rule", [past_sentence, unmarked, glued, badly_marked], ids=lambda rule: rule.__name__)
def test_every_text_is_a_whole_sentence_through_sentence(rule):
    found = [f"{name_of(path)}:{line}: {text!r}" for path in FILES for line, text in sorted(set(rule(tree_of(path))))]
    assert not found, "\n".join(found)


def test_the_rules_see():
    """Each rule finds what it is for, and nothing in what is right."""
    wrong = {
        past_sentence: [
            'print("no network")',
            'raise UsageError(f"{name} is wrong")',
            'axes.set_xlabel("epoch" if by_epoch else sentence("update"))',
            'Parameter(help="Samples in an update.")',
            'raise unknown_name("A field", name, names)',
            'text = f"{path} is broken"\nraise RunError(text)',
            'error = RunError("broken")',
            'def f():\n    text = "Please wait"\n    print(text)',
            'WORDS = {"a": "is damaged"}\ndef f(): print(WORDS[kind])',
            'TEXT = "{} is wrong"\nraise UsageError(TEXT.format(x))',
            'class Lost(RunError):\n    def __init__(self, path): super().__init__(f"{path} is lost")',
            'sys.stderr.write("no network")',
            'sys.exit("no network")',
            'axes.legend(["training"])',
            'TextColumn("speed {task.speed}")',
        ],
        unmarked: [
            'return "Training done"',
            'text = "this is never translated"',
            'x = {"a": f"{n} of them were read"}',
        ],
        glued: [
            'sentence("{a} is so.", a=sentence("b"))',
            'sentence("a") + more',
            "f\"{sentence('a')}\"",
            'plural("{n} a", "{n} b", n=1, c=paragraph("d"))',
            'a = sentence("b")\nsentence("{a} is so.", a=a)',
            'sentence("{what} failed.", what="reading the file")',
            '"{} {}".format(sentence("a"), more)',
        ],
        badly_marked: [
            'sentence(" Did you mean {near}?", near=near)',
            'sentence("{a} and {b}", a=1)',
            'sentence("a" if x else "b")',
            "translatable(NAME)",
        ],
    }
    for rule, sources in wrong.items():
        for source in sources:
            assert list(rule(ast.parse(source))), (rule.__name__, source)
    right = """
        print(sentence("There is no network in {path}.", path=path), file=sys.stderr, end="")
        raise UsageError(sentence(WORDS[kind], got=got))
        raise AttributeError("module zerokara has no such thing")
        raise unknown_name("weight_decay", name, names)
        Parameter(help=translatable("Samples in an update."))
        text = in_english("what only developers read {a}", a=1)
        paragraph(sentence("It failed."), sentence("Nothing was written."))
        plural("{n} run", "{n:,} runs", n=len(runs))
    """
    for rule in wrong:
        assert not list(rule(ast.parse("\n".join(map(str.strip, right.splitlines()))))), rule.__name__


LANGUAGES = catalogues.LANGUAGES


@pytest.fixture(scope="module")
def code():
    return {message.id: message for message in catalogues.sentences() if message.id}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated_and_names_the_same_facts(language, code):
    """And no other: what the code no longer says is gone. Run `make words` where this fails."""
    kept = catalogues.read(language)
    assert {message.id for message in kept if message.id} == set(code)
    assert not [message.id for message in catalogues.untranslated(kept)]
    assert not [message.id for message in catalogues.differing(kept)]
    assert not kept.obsolete


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_read_is_what_the_catalogue_says(language):
    with catalogues.path(language, "mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for message in catalogues.read(language):
        if isinstance(message.id, tuple):
            assert compiled.ngettext(*message.id, 2) == message.string[0]
        elif message.id:
            assert compiled.gettext(message.id) == message.string


def test_facts_that_differ_are_found():
    catalogue = catalogues.Catalog(locale="ja")
    catalogue.add("{n:,} of {total:,}", "{total:,} {n}")
    catalogue.add("{a!r}", "{a!r}")
    catalogue.add(("{n} run", "{n:,} runs"), ("{n:,}",))
    assert [message.id for message in catalogues.differing(catalogue)] == ["{n:,} of {total:,}"]


# Which language is spoken


@pytest.fixture
def spoken(monkeypatch):
    """spoken(ZEROKARA_LANG=…, LANG=…): the language that these variables bring."""

    def spoken(**variables):
        for name in ("ZEROKARA_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return words.set_language(None)

    yield spoken
    words.set_language("en")


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({}, "en"),
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "ja_JP.UTF-8", "LC_MESSAGES": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "ja_JP.UTF-8", "LC_MESSAGES": "ko_KR.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": ""}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "ZEROKARA_LANG": "ko"}, "ko"),
        ({"LANG": "ja_JP.UTF-8", "ZEROKARA_LANG": "en"}, "en"),
        ({"LANG": "ja_JP.UTF-8", "ZEROKARA_LANG": "fr"}, "en"),
        ({"ZEROKARA_LANG": "Japanese_Japan.932"}, "ja"),
        ({"ZEROKARA_LANG": "ko-KR"}, "ko"),
        ({"ZEROKARA_LANG": "jp"}, "ja"),
    ],
)
def test_language_of_the_environment(spoken, variables, language):
    assert spoken(**variables) == words.language() == language


def test_a_terminal_without_the_letters_is_spoken_to_in_english_unless_one_asks(spoken, monkeypatch):
    class Terminal:
        encoding = "ascii"

    monkeypatch.setattr(sys, "stderr", Terminal())
    assert spoken(LANG="ja_JP.UTF-8") == "en"
    assert spoken(ZEROKARA_LANG="ja") == "ja"


def test_unknown_languages_get_english(spoken):
    assert words.set_language("ja") == "ja"
    assert words.set_language("fr") == "en"
    assert sentence("Stopped.") == "Stopped."


@pytest.mark.parametrize(
    "content", [None, b"", b"x" * 500, (words.LOCALES / "ja/LC_MESSAGES/zerokara.mo").read_bytes()[:2000]]
)
def test_a_catalogue_that_is_lost_or_damaged_leaves_english(spoken, monkeypatch, tmp_path, content):
    """What goes wrong is said, and not how its sentence could not be read."""
    monkeypatch.setattr(words, "LOCALES", tmp_path)
    if content is not None:
        (tmp_path / "ja/LC_MESSAGES").mkdir(parents=True)
        (tmp_path / "ja/LC_MESSAGES/zerokara.mo").write_bytes(content)
    assert words.set_language("ja") == words.language() == "en"
    assert sentence("Stopped.") == "Stopped."


def test_whole_sentences_follow_one_another_as_the_language_has_it(spoken):
    words.set_language("ko")
    assert paragraph("하나.", "", "둘.") == "하나. 둘."
    words.set_language("ja")
    assert paragraph("一つ。", "", "二つ。") == "一つ。二つ。"


def test_english_chooses_singular_and_plural():
    assert [plural("{n} epoch", "{n:,} epochs", n=n) for n in (0, 1, 2000)] == ["0 epochs", "1 epoch", "2,000 epochs"]


def test_english_starts_without_gettext():
    code = "import sys, zerokara.words as w; w.sentence('Stopped.'); print('gettext' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.lower()) is False
