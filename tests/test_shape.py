"""The shape of the house: which way imports point, where the seams are, how large files get, and what every fact,
refusal and command has. Each failure says what to do."""

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import pytest

from ledger.command import Command
from ledger.entities import EVOLVE
from ledger.record import Fact, topics
from ledger.refusals import Refusal, TryAgain

ROOT = Path(__file__).parents[1]
COLUMNS = ("numina", "api", "scheduler", "projections", "gateways", "ledger", "migrations")

# numina -> api | scheduler -> projections | gateways -> ledger
MAY_IMPORT = {
    "numina": {"api", "scheduler", "projections", "gateways", "ledger", "migrations"},
    "api": {"projections", "gateways", "ledger"},
    "scheduler": {"projections", "gateways", "ledger"},
    "projections": {"ledger"},
    "gateways": {"ledger"},
    "ledger": set(),
    "migrations": set(),
}
# What only one place may know: (module, where, at most so many files).
SEAMS = (
    ("eventsourcing", ("ledger",), 3),
    ("fastapi", ("api",), None),
    ("stripe", ("gateways",), None),
    ("apscheduler", ("scheduler",), 1),
    ("argon2", ("gateways",), None),
    ("jwt", ("gateways",), None),
    ("webauthn", ("gateways",), 1),
    ("httpx2", ("gateways", "numina"), None),
    ("pyotp", ("gateways",), 1),
    ("segno", ("gateways",), 1),
    ("zxcvbn", ("gateways",), 1),
)
BANNED_NAMES = {
    "utils",
    "util",
    "common",
    "helpers",
    "helper",
    "core",
    "misc",
    "manager",
    "stuff",
    "tools",
    "shared",
}
CAP, MEDIAN, NINETIETH = 400, 90, 250


def sources(*folders: str) -> list[Path]:
    return sorted(
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if "__pycache__" not in path.parts and path.read_text(encoding="utf-8").strip()
    )


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Every module that a file imports, with the line; `from a import b` counts as a and as a.b."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            yield node.lineno, "." * node.level + module
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names if not node.level)


def nothing(complaints: Iterable[str]) -> None:
    found = sorted(set(complaints))
    assert not found, "\n" + "\n".join(found)


def test_imports_point_one_way() -> None:
    complaints = []
    for path in sources(*COLUMNS):
        own = path.relative_to(ROOT).parts[0]
        for line, module in imports(path):
            column = module.split(".")[0]
            if module.startswith("."):
                complaints.append(f"{name(path)}:{line} imports relatively; write the whole name.")
            elif column == "tests":
                complaints.append(f"{name(path)}:{line} imports tests; the product must not know them.")
            elif column in COLUMNS and column != own and column not in MAY_IMPORT[own]:
                may = ", ".join(sorted(MAY_IMPORT[own])) or "nothing of the house"
                complaints.append(f"{name(path)}:{line} imports {module}; {own}/ may import {may}.")
    nothing(complaints)


def test_capabilities_never_import_each_others_commands() -> None:
    deciding = {kind.__module__ for kind in subclasses(Command)}
    complaints = []
    for path in sources("ledger"):
        parts = path.relative_to(ROOT / "ledger").parts
        if len(parts) == 1:
            continue
        for line, module in imports(path):
            where = module.split(".")
            foreign = where[:1] == ["ledger"] and len(where) > 2 and where[1] != parts[0]
            if foreign and module in deciding:
                complaints.append(
                    f"{name(path)}:{line} imports {module}, which decides; share the facts, the entity, or a pure "
                    "module that both need."
                )
    nothing(complaints)


@pytest.mark.parametrize(("package", "where", "most"), SEAMS)
def test_a_seam_is_kept(package: str, where: tuple[str, ...], most: int | None) -> None:
    users = {
        name(path)
        for path in sources(*COLUMNS)
        for _, module in imports(path)
        if module.split(".")[0] == package
    }
    nothing(
        f"{user} imports {package}; only {', '.join(where)}/ may."
        for user in users
        if user.split("/")[0] not in where
    )
    assert most is None or len(users) <= most, (
        f"{package} is imported in {sorted(users)}; at most {most} files."
    )


def test_only_the_settings_read_the_environment() -> None:
    complaints = []
    for path in sources(*COLUMNS):
        if name(path) == "numina/settings.py":
            continue
        for node in ast.walk(tree(path)):
            reads = isinstance(node, ast.Attribute) and node.attr in (
                "environ",
                "getenv",
                "environb",
                "putenv",
            )
            if reads and isinstance(node.value, ast.Name) and node.value.id == "os":
                complaints.append(
                    f"{name(path)}:{node.lineno} touches the environment; make it a field of numina/settings.py."
                )
    nothing(complaints)


def test_nobody_writes_to_the_record_but_the_writer() -> None:
    writes = re.compile(r"(INSERT INTO|UPDATE|DELETE FROM|COPY)\s+(record|registers)\.", re.IGNORECASE)
    nothing(
        f"{name(path)} writes to the record or the registers; issue a command instead."
        for path in [*sources(*COLUMNS), *(ROOT / "projections").rglob("*.sql")]
        if writes.search(path.read_text(encoding="utf-8")) and not name(path).startswith("migrations/")
    )


def test_files_are_small() -> None:
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sources(*COLUMNS, "tests")}
    for sql in (ROOT / "projections").rglob("*.sql"):
        lines[sql] = len(sql.read_text(encoding="utf-8").splitlines())
    nothing(
        f"{name(path)} has {count} lines, more than {CAP}; divide it along an idea."
        for path, count in lines.items()
        if count > CAP
    )
    product = [count for path, count in lines.items() if "tests" not in path.relative_to(ROOT).parts]
    assert median(product) <= MEDIAN, f"the median file has {median(product)} lines, more than {MEDIAN}"
    ninetieth = quantiles(product, n=10)[-1]
    assert ninetieth <= NINETIETH, (
        f"one file in ten has {ninetieth:.0f} lines or more; the target is {NINETIETH}"
    )


def test_modules_are_named_for_their_idea() -> None:
    nothing(
        f"{name(path)} is named for nothing in particular; name it for what it is about."
        for path in sources(*COLUMNS, "tests")
        for part in (*path.relative_to(ROOT).parts[:-1], path.stem)
        if part in BANNED_NAMES
    )


def test_every_module_says_what_it_is() -> None:
    nothing(
        f"{name(path)} has no docstring; begin it with its one-sentence definition."
        for path in sources(*COLUMNS, "tests")
        if not ast.get_docstring(tree(path))
    )


def test_comments_owe_nothing() -> None:
    owed = re.compile(r"#.*\b(TO[D]O|FIX[M]E|XX[X]|HAC[K])\b")
    unexplained = re.compile(r"#\s*type:\s*ignore(\[[^\]]*\])?\s*$")
    banner = re.compile(r"^\s*#\s*[-=#*~]{4,}")
    complaints = []
    for path in sources(*COLUMNS, "tests"):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if owed.search(line):
                complaints.append(f"{name(path)}:{number} owes work; do it or open an issue.")
            if unexplained.search(line):
                complaints.append(
                    f"{name(path)}:{number} silences the type checker without a reason beside it."
                )
            if banner.search(line):
                complaints.append(
                    f"{name(path)}:{number} is a banner; a module with parts wants to be several."
                )
    nothing(complaints)


def test_every_fact_has_a_topic_and_says_what_became_true() -> None:
    load_everything()
    complaints = []
    for kind in subclasses(Fact):
        where = f"{kind.__module__}.{kind.__name__}"
        topic = kind.__dict__.get("topic", "")
        if not re.fullmatch(r"[a-z]+\.[a-z_]+(/[2-9])?", topic):
            complaints.append(f"{where} needs an explicit topic such as 'transaction.posted', not {topic!r}.")
            continue
        noun = topic.split(".")[0]
        if noun not in EVOLVE:
            complaints.append(f"{where}: no noun {noun!r} is folded in ledger/entities.py.")
        if topics().get(topic) is not kind:
            complaints.append(f"{where} is not registered; decorate it with @fact.")
        if not kind.__module__.startswith("ledger.") or not kind.__module__.endswith(".events"):
            complaints.append(f"{where} belongs in ledger/<noun>/events.py.")
        if not own_docstring(kind):
            complaints.append(f"{where} has no docstring; say what became true, and what its text holds.")
    nothing(complaints)


def test_whoever_reads_the_record_knows_every_fact() -> None:
    load_everything()
    program = "import ledger.facts; from ledger.record import topics; print(*topics())"
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    nothing(
        f"{topic} is not known to who imports ledger.facts alone, as the projector does; add its events there."
        for topic in set(topics()) - set(told.stdout.split())
    )


def test_every_refusal_is_documented_and_has_a_code_of_its_own() -> None:
    load_everything()
    complaints = []
    kinds = [Refusal, *subclasses(Refusal)]
    shared = {code for code, count in Counter(kind.code for kind in kinds).items() if count > 1}
    for kind in kinds:
        where = f"{kind.__module__}.{kind.__name__}"
        first = (own_docstring(kind) or "").split("\n")[0]
        if not first.endswith((".", ":")) and not first.endswith(")"):
            complaints.append(
                f"{where}: the first line of its docstring is its title; write a whole sentence."
            )
        if not re.fullmatch(r"[a-z]+(_[a-z]+)*", kind.code) or "code" not in kind.__dict__:
            complaints.append(f"{where} needs a code of its own in words_like_this, not {kind.code!r}.")
        if kind.code in shared:
            complaints.append(f"{where} shares the code {kind.code!r} with another refusal.")
        if not 400 <= kind.status < 500 and not kind.__module__.startswith("api."):
            complaints.append(f"{where} has status {kind.status}; a refusal is the caller's to mend (4xx).")
    nothing(complaints)


def test_every_command_has_a_name_of_its_own_and_says_what_it_does() -> None:
    load_everything()
    complaints = []
    named: dict[str, str] = {}
    for kind in subclasses(Command):
        where = f"{kind.__module__}.{kind.__name__}"
        if not kind.__module__.startswith("ledger."):
            continue
        if not own_docstring(kind):
            complaints.append(f"{where} has no docstring; say what it does and what it raises.")
        called = kind.__dict__.get("name")
        if called is None:
            continue
        if not re.fullmatch(r"[a-z]+\.[a-z_]+", called):
            complaints.append(f"{where} is called {called!r}; write noun.verb.")
        if called in named:
            complaints.append(f"{where} and {named[called]} are both called {called!r}.")
        named[called] = where
    nothing(complaints)


def test_what_can_be_tried_again_is_never_a_refusal() -> None:
    load_everything()
    assert not [kind for kind in subclasses(TryAgain) if issubclass(kind, Refusal)]


def test_nothing_names_the_machine_it_was_made_on() -> None:
    paths = re.compile(r"(?<![\w.])/(root|work|home/\w+)/")
    nothing(
        f"{name(path)}:{number} names a path of one machine."
        for path in sources(*COLUMNS, "tests")
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if paths.search(line)
    )


@cache
def load_everything() -> None:
    """Imports every module of the product, so that no fact, refusal or command is overlooked."""
    for column in COLUMNS:
        package = importlib.import_module(column)
        for found in pkgutil.walk_packages(package.__path__, f"{column}."):
            if not found.name.endswith("__main__"):
                importlib.import_module(found.name)


def subclasses(kind: type[Any]) -> list[type[Any]]:
    """Every class of the product below `kind`, at any depth."""
    load_everything()
    below: dict[type[Any], None] = {}
    waiting = list(kind.__subclasses__())
    while waiting:
        following = waiting.pop()
        # dataclass(slots=True) makes a class anew and leaves the first one behind.
        lasting = getattr(sys.modules[following.__module__], following.__name__, None) is following
        if lasting and following.__module__.split(".")[0] in COLUMNS:
            below[following] = None
        waiting.extend(following.__subclasses__())
    return list(below)


def own_docstring(kind: type[Any]) -> str | None:
    written = kind.__dict__.get("__doc__")
    # A dataclass without a docstring is given its signature as one.
    return None if not written or written.startswith(f"{kind.__name__}(") else written
