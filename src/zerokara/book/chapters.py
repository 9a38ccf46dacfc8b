"""Which chapter of the textbook a folder stands for, from the ways learners name such folders."""

import re
from pathlib import Path

_KANJI = {digit: value for value, digit in enumerate("一二三四五六七八", start=1)}
_NUMBER = r"(?P<number>0*\d|[一二三四五六七八])(?!\d)"
_FORMS = [
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"^ch(?:ap(?:ter)?)?[ _.-]*{_NUMBER}",  # ch05, chap5, Chapter_5
        rf"^第?[ _]*{_NUMBER}[ _]*(?:章|장)",  # 第5章, 5章, 第五章, 5장
        rf"^{_NUMBER}(?:$|[ _.-])",  # 05, 5, 05_backprop
    )
]


def chapter_of(folder: Path) -> int | None:
    """The chapter that the innermost folder with a chapter's name stands for, or None.

    >>> chapter_of(Path("/home/me/dl/ch05/notes")), chapter_of(Path("/home/me/第５章")), chapter_of(Path("/tmp"))
    (5, 5, None)
    """
    for name in (folder.name, *(parent.name for parent in folder.parents)):
        for form in _FORMS:
            if match := form.match(name):
                number = match["number"]
                return _KANJI.get(number) or int(number)
    return None
