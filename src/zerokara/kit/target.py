"""The Python and the platform that a kit is for: which wheels run there, and what its markers say."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import metadata

from packaging.markers import default_environment
from packaging.specifiers import SpecifierSet
from packaging.tags import Tag, sys_tags

from zerokara.errors import UsageError, unknown_name
from zerokara.words import sentence, translatable

COMMON = (
    "win_amd64",
    "win_arm64",
    "manylinux2014_x86_64",
    "manylinux_2_28_x86_64",
    "manylinux_2_28_aarch64",
    "macosx_12_0_arm64",
    "macosx_14_0_arm64",
    "macosx_14_0_x86_64",
)
"""Platforms that are offered where somebody's is not one. The forms below allow more."""
FORMS = {
    r"win_(?P<machine>amd64|arm64)": ("nt", "win32", "Windows"),
    r"(many|musl)linux(_\d+_\d+|1|2010|2014)_(?P<machine>\w+)": ("posix", "linux", "Linux"),
    r"macosx_\d+_\d+_(?P<machine>arm64|x86_64)": ("posix", "darwin", "Darwin"),
}
"""What a platform's tag looks like: os.name, sys.platform and platform.system() there."""
NAMED_BY_YEAR = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
"""Minor versions of the C library 2 that have an older name too (PEP 600)."""
NO_PLATFORM = translatable("--platform must be the tag of a wheel's platform, such as {names}. Got {got!r}.")


def compiled_tag() -> Tag:
    """The tag of what is compiled here: it says how new a system it needs, so that pip leaves it where one is older."""
    return next((tag for tag in sys_tags() if _is_platform(tag.platform)), next(sys_tags()))


def _is_platform(tag: str) -> bool:
    return any(re.fullmatch(form, tag) for form in FORMS)


@dataclass(frozen=True)
class Target:
    """What a kit is for.

    Attributes:
        python: such as 3.12.
        platform: the tag of the newest wheels that run there, such as win_amd64 or manylinux_2_28_x86_64.
    """

    python: str
    platform: str

    @classmethod
    def of(cls, python: str | None = None, platform: str | None = None) -> "Target":
        """Checked; by default the Python and the platform that are running.

        Raises:
            UsageError: zerokara does not run on that Python, or that is no platform.
        """
        asked = cls(python or default_environment()["python_version"], platform or compiled_tag().platform)
        supported = SpecifierSet(metadata("zerokara")["Requires-Python"])
        if not re.fullmatch(r"\d+\.\d+", asked.python) or asked.python not in supported:
            raise UsageError(
                sentence("--python must be {supported}, such as 3.12. Got {got!r}.", supported=supported, got=python),
                "wrong-value",
            )
        if not _is_platform(asked.platform):
            raise unknown_name("--platform", asked.platform, COMMON, NO_PLATFORM)
        return asked

    @property
    def like_here(self) -> bool:
        """Whether it is the Python, the system and the processor that are running; its C library may be older."""
        here: Mapping[str, object] = default_environment()
        told = ("sys_platform", "platform_machine", "implementation_name", "python_version")
        return all(here[name] == self.markers()[name] for name in told)

    def markers(self) -> dict[str, str]:
        """The environment that requirements are conditional on (PEP 508), as it is there.

        Of a Python the first release is taken: what only older releases need is then in the kit, too.
        """
        os_name, sys_platform, system, machine = self._system()
        return {
            "os_name": os_name,
            "sys_platform": sys_platform,
            "platform_system": system,
            "platform_machine": machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_version": "",
            "implementation_name": "cpython",
            "implementation_version": f"{self.python}.0",
            "python_version": self.python,
            "python_full_version": f"{self.python}.0",
        }

    def pip_options(self) -> list[str]:
        """What makes pip choose wheels for it, by none of which this machine is asked."""
        platforms = [part for tag in self._platforms() for part in ("--platform", tag)]
        python = ["--python-version", self.python, "--implementation", "cp"]
        return ["--only-binary=:all:", *python, *platforms]

    def _system(self) -> tuple[str, str, str, str]:
        for form, names in FORMS.items():
            if found := re.fullmatch(form, self.platform):
                machine = found["machine"]
                return *names, machine.upper() if names[0] == "nt" else machine
        raise AssertionError(self.platform)

    def _platforms(self) -> list[str]:
        """Tags of all wheels that run there, the newest first: a C library runs what an older one runs (PEP 600, 656).

        Pip itself knows this of macOS only.
        """
        by_year = {name: f"manylinux_2_{minor}" for minor, name in NAMED_BY_YEAR.items()}
        named, _, rest = self.platform.partition("_")
        found = re.fullmatch(r"(\w+linux)_(\d+)_(\d+)_(\w+)", f"{by_year.get(named, named)}_{rest}")
        if not found:
            return [self.platform]
        kind, major, newest, machine = found.groups()
        tags = []
        for minor in range(int(newest), -1, -1):
            tags.append(f"{kind}_{major}_{minor}_{machine}")
            if kind == "manylinux" and minor in NAMED_BY_YEAR:
                tags.append(f"{NAMED_BY_YEAR[minor]}_{machine}")
        return tags
