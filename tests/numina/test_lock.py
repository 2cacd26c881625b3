"""The lock files pin whatever pyproject.toml asks for, and say nothing of where packages come from."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
FILES = ("requirements.lock", "requirements-bench.lock")


def pins(*files: str) -> dict[str, str]:
    lines = [line for file in files for line in (ROOT / file).read_text().splitlines()]
    parted = (line.split("==") for line in lines if not line.startswith("#"))
    return {canonicalize_name(name): version for name, version in parted}


@pytest.mark.parametrize("file", FILES)
def test_every_line_is_a_pin(file: str) -> None:
    lines = (ROOT / file).read_text().splitlines()
    assert [
        line for line in lines if not re.fullmatch(r"#[^/]*|[A-Za-z0-9._-]+==[A-Za-z0-9.+!-]+", line)
    ] == []


@pytest.mark.parametrize(
    ("group", "files"), [("dependencies", FILES[:1]), ("dev", FILES[:1]), ("bench", FILES)]
)
def test_the_lock_satisfies_the_project(group: str, files: tuple[str, ...]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] if group == "dependencies" else project["optional-dependencies"][group]
    pinned = pins(*files)
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)]), requirement
