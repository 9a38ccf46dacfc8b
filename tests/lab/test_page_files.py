"""The page's files together: names that do not clash, words that are there, styles that stay in the lab."""

import re
from importlib.resources import files

from zerokara.lab import module
from zerokara.lab.texts import TEXTS, texts

OWN = {name: files("zerokara.lab").joinpath("page", name).read_text("utf-8") for name in module.SCRIPTS[1:]}
LISTS = (
    *(
        "boot_texts",
        "draw_texts",
        "lesson_texts",
        "own_texts",
        "page_texts",
        "probe_texts",
        "step_texts",
        "train_texts",
    ),
)


def test_no_file_names_what_another_one_names() -> None:
    named = re.compile(r"^(?:async )?(?:function|class|const|let) \*?(\w+)", re.MULTILINE)
    names = [name for source in OWN.values() for name in named.findall(source)]
    assert sorted(names) == sorted(set(names))
    assert "uPlot" not in names


def test_what_the_page_says_is_there() -> None:
    asked = {key for source in OWN.values() for key in re.findall(r"\.text\(\"(\w+)\"", source)}
    assert asked <= set(TEXTS)
    assert len(asked) > 50
    source = "\n".join(OWN.values())
    begun = set(re.findall(r"\.text\(`(\w+)\$", source))
    for key in TEXTS:
        assert f'"{key}"' in source or re.search(rf"\b{key}\b", source) or key.startswith(tuple(begun)), key


def test_no_text_hides_another() -> None:
    keys = [key for name in LISTS[1:] for key in __import__(f"zerokara.lab.{name}", fromlist=["TEXTS"]).TEXTS]
    assert sorted(keys) == sorted(set(keys))


def test_facts_are_left_for_the_page_to_put_in() -> None:
    assert texts()["per_second"] == "{n}/s"


def test_the_page_makes_no_markup_of_data() -> None:
    for name, source in OWN.items():
        for unsafe in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
            assert unsafe not in source, name
        found = set(re.findall(r"document\.(querySelector|getElementById|body)", source))
        assert found == ({"body"} if name == "notebook.js" else set()), name  # Jupyter keeps its theme there


def test_every_style_stays_within_the_lab() -> None:
    for name in module.STYLES[2:]:
        style = re.sub(
            r"/\*.*?\*/", "", files("zerokara.lab").joinpath("page", name).read_text("utf-8"), flags=re.DOTALL
        )
        for rule in re.findall(r"([^{};]+)\{", style):
            for selector in re.sub(r"\([^()]*(?:\([^()]*\)[^()]*)*\)", "()", rule.strip()).split(","):
                part = selector.strip()
                assert part.startswith(("@", ".zerokara-lab", "body > .zerokara-lab", "body:has()")), (name, part)
