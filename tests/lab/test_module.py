"""The page's files: as they were made, all of them there, and short enough to be read."""

import hashlib
import re
from importlib.resources import files

import pytest

from zerokara.lab import boot_texts, module

PAGE = files("zerokara.lab").joinpath("page")
OURS = sorted(path.name for path in PAGE.iterdir() if path.name.endswith((".js", ".css", ".html")))


def test_uplot_is_the_one_that_its_notice_names() -> None:
    folder = PAGE.joinpath("uplot")
    named = dict(re.findall(r"sha256 ([0-9a-f]{64})  (\S+)", folder.joinpath("README.md").read_text(encoding="utf-8")))
    found = {hashlib.sha256(path.read_bytes()).hexdigest(): path.name for path in folder.iterdir()}
    assert named.items() <= found.items()
    assert sorted(named.values()) == ["uPlot.iife.min.js", "uPlot.min.css"]
    assert "MIT License" in folder.joinpath("LICENSE").read_text(encoding="utf-8")
    assert "uPlot (v1.6.32)" in folder.joinpath("uPlot.iife.min.js").read_text(encoding="utf-8")


def test_every_file_is_served() -> None:
    served = {name for name in (*module.SCRIPTS, *module.STYLES) if "/" not in name} | {"index.html", "boot.js"}
    assert set(OURS) == served


@pytest.mark.parametrize("name", OURS)
def test_a_file_can_be_read_in_one_go(name: str) -> None:
    assert len(PAGE.joinpath(name).read_text(encoding="utf-8").splitlines()) <= 450


def test_the_page_has_no_words_and_no_scripts_of_its_own() -> None:
    page = module.page("x" * 32)
    assert not re.search(r"<script(?![^>]*\bsrc=)| on\w+=|javascript:|https?://", page)
    source = PAGE.joinpath("index.html").read_text(encoding="utf-8")
    assert re.findall(r">\s*([^<>\s$][^<>]*)<", source) == ["zerokara lab"]
    for key in boot_texts.TEXTS:
        assert f"${key}" in source


def test_words_cannot_break_out_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(boot_texts.TEXTS, "lost", '"><script src="//evil.example">')
    assert '<script src="//evil' not in module.page("x")


def test_what_boot_says_is_what_the_page_brings() -> None:
    boot = module.boot()
    said = set(re.findall(r'"(\w+)"', boot[boot.index("function reasonOf") : boot.index("function say")]))
    assert said == {"lost", "ended", "full"}
