"""What is left to do once zerokara is installed from a kit; the kit's install.py runs it in the new environment.

python -m zerokara.kit.installed KIT FOLDER
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from zerokara.data.search_paths import cache_folder
from zerokara.files import replace_file
from zerokara.kit.making import INSTALLER, script
from zerokara.words import paragraph, sentence


def main(arguments: Sequence[str]) -> int:
    """Bring MNIST into the cache, put examples and a starting script beside the environment; the exit status."""
    kit, folder = map(Path, arguments)
    start = "start.bat" if os.name == "nt" else "start.sh"
    try:
        replace_file(folder / start, [script(INSTALLER / start)])
        if not folder.samefile(kit):
            _copy_pages(kit, folder)
    except OSError as error:
        print(sentence("{file} cannot be written: {reason}.", file=error.filename, reason=error.strerror))
        return 1
    _keep_data(kit / "data")
    status = subprocess.call([sys.executable, "-m", "zerokara", "info"])
    if status == 0:
        command = str(folder / start) if os.name == "nt" else f"sh {folder / start}"
        print()
        print(sentence("zerokara is installed in {folder}. Next: {command}", folder=folder, command=command))
    return status


def _copy_pages(kit: Path, folder: Path) -> None:
    """Examples and pages, over those of an earlier kit; on a read-only stick they could not be changed."""
    for path in filter(Path.is_file, (*kit.glob("examples/**/*"), *kit.glob("pages/**/*"), *kit.glob("README*"))):
        copy = folder / path.relative_to(kit)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


def _keep_data(data: Path) -> None:
    """Copy data sets into the cache: it is looked in however Python is started, also by an editor or as a kernel."""
    for path in data.glob("*/*"):
        copy = cache_folder() / path.relative_to(data)
        try:
            copy.parent.mkdir(parents=True, exist_ok=True)
            replace_file(copy, [path.read_bytes()])
        except OSError as error:
            print(
                paragraph(
                    sentence("{file} cannot be written: {reason}.", file=copy, reason=error.strerror),
                    sentence("Set ZEROKARA_DATA to {data} to have its data found.", data=data),
                )
            )
            return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
