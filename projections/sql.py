"""SQL as source: the statements of a module stand in the .sql file beside it, in named blocks.

A block begins with a line `-- name: what_it_does` and runs to the next one.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import LiteralString, cast

_NAME = re.compile(r"^-- name: *(\w+) *$", re.MULTILINE)


@cache
def load(path: str) -> Mapping[str, LiteralString]:
    """The blocks of the .sql file beside the module at `path` (its `__file__`), by name.

    Raises ValueError when a name is taken twice or text stands before the first name.
    """
    head, *parts = _NAME.split(Path(path).with_suffix(".sql").read_text("utf-8"))
    names, bodies = parts[::2], parts[1::2]
    if head.strip() or len(set(names)) < len(names):
        raise ValueError(f"{path}: every statement stands in one block with a name of its own")
    # What is read here is part of the program, as much a literal as the text of the module.
    return MappingProxyType({n: cast(LiteralString, b.strip()) for n, b in zip(names, bodies, strict=True)})
