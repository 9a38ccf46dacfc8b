"""What a kit says to those who open it: its README in three languages, and the sentences of its installer."""

from string import Formatter

from zerokara.cells import width
from zerokara.data import ENTRIES
from zerokara.kit.target import Target
from zerokara.version import VERSION
from zerokara.words import LANGUAGES, language, paragraph, sentence, set_language, translatable

INSTALLER = {
    "python-needed": translatable(
        "This kit needs Python {python} for {platform}, and it was not found. Its installer is on "
        "https://www.python.org/downloads/ and needs no administrator on Windows. Nothing was installed."
    ),
    "damaged": translatable(
        "These files of the kit are missing or damaged: {files}. Copy the whole kit again. Nothing was installed."
    ),
    "not-here": translatable("No environment can be made in {folder}: {reason}."),
    "nothing-installed": translatable(
        "Nothing was installed. Name a folder that you may write to, behind the command: sh install.sh FOLDER, or "
        "install.bat FOLDER."
    ),
    "installing": translatable("Installing {count} packages into {folder}; this takes a minute or two."),
    "pip-failed": translatable(
        "The packages could not be installed; what pip said stands above. This kit is for Python {python} on "
        "{platform}, and this is {here}. If these go together, remove {folder} and try again."
    ),
}
"""The sentences of installer/install.py, which finds them in kit.json."""
MNIST = ENTRIES["mnist"]


def installer_words() -> dict[str, str]:
    """The installer's sentences in the language that is spoken, their facts not yet filled in."""
    return {key: sentence(text, **_as_they_are(text)) for key, text in INSTALLER.items()}


def python_needed(target: Target) -> str:
    """What install.sh and install.bat print where they find no Python: in the language spoken, and in English."""
    template = INSTALLER["python-needed"]
    here = sentence(template, python=target.python, platform=target.platform)
    english = template.format(python=target.python, platform=target.platform)
    return "\n".join(dict.fromkeys([here, english])) + "\n"


def readmes(target: Target, data: bool, examples: bool) -> dict[str, str]:
    """File name → the README, in each language."""
    spoken = language()
    try:
        return {_file_name(set_language(name)): _readme(target, data, examples) for name in LANGUAGES}
    finally:
        set_language(spoken)


def _file_name(name: str) -> str:
    return "README.txt" if name == "en" else f"README.{name}.txt"


def _readme(target: Target, data: bool, examples: bool) -> str:
    title = sentence("zerokara {version}, for PCs without internet", version=VERSION)
    parts = [
        f"{title}\n{'=' * width(title)}",
        sentence(
            "This folder installs zerokara without internet and without administrator rights. It is for PCs with "
            "Python {python} on {platform}.",
            python=target.python,
            platform=target.platform,
        ),
        sentence("Windows: double-click install.bat, and then start.bat, which opens a window for the commands below."),
        sentence(
            "Linux and macOS: in a terminal, in this folder, type sh install.sh and then sh start.sh, which opens a "
            "shell for the commands below."
        ),
        "\n".join(f"    zerokara {words}" for words in _to_try(data, examples)),
        sentence(
            "zerokara is put into .venv in this folder. If this folder cannot be written, as on a read-only stick, a "
            "folder named zerokara in your home folder is taken; install.bat FOLDER and sh install.sh FOLDER take "
            "another one. After moving such a folder, install again."
        ),
        sentence(
            "VS Code: open the folder, and choose the Python in .venv as interpreter, and as kernel of notebooks."
        ),
        sentence(
            "Jupyter, if it is there already: {command} in that window makes zerokara known to it as a kernel.",
            command="python -m ipykernel install --user --name zerokara",
        ),
    ]
    if data:
        parts.append(
            sentence(
                "The folder data holds MNIST ({home}), under the licence {license}; the installation copies it into "
                "zerokara's cache.",
                home=MNIST.home,
                license=MNIST.license,
            )
        )
    parts.append(
        paragraph(
            sentence("kit.json lists the SHA-256 of every file, and the installation checks them."),
            sentence("Kits were tried on Linux only: on Windows and macOS, try this one on one PC before the lesson."),
        )
    )
    return "\n\n".join(parts) + "\n"


def _to_try(data: bool, examples: bool) -> list[str]:
    """What follows the word zerokara in commands that work with what the kit brings."""
    script = "train_neuralnet" if data else "gradient_method"
    return [
        "info",
        "train digits",
        *(["train mnist"] if data else []),
        "lab",
        *([f"run examples/book/ch04/{script}.py"] if examples else []),
    ]


def _as_they_are(template: str) -> dict[str, str]:
    """{name} for each name, so that the facts of a sentence can be filled in later."""
    return {name: f"{{{name}}}" for _, name, _, _ in Formatter().parse(template) if name}
