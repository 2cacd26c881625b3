"""The OpenAPI document as one page of HTML that needs no other server, no script and no network."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from markdown_it import MarkdownIt

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24 }
table { border-collapse: collapse } td, th { border: 1px solid #d0d7de; padding: .25rem .6rem; text-align: left }
pre { background: #f6f8fa; padding: .8rem; overflow-x: auto; font-size: .85rem } code { font-size: .9em }
details { border: 1px solid #d0d7de; border-radius: 6px; margin: .4rem 0; padding: .4rem .8rem }
summary { cursor: pointer } .method { display: inline-block; width: 4.5rem; font-weight: 700 }
.get { color: #0a5fb4 } .post { color: #1a7f37 } .put, .patch { color: #8a5a00 } .delete { color: #b3261e }
@media (prefers-color-scheme: dark) {
  body { background: #0d1117; color: #e6edf3 } pre { background: #161b22 } a { color: #79b8ff }
  td, th, details { border-color: #30363d } .get { color: #79b8ff } .post { color: #56d364 }
  .put, .patch { color: #e3b341 } .delete { color: #ff7b72 }
}
"""
Document = Mapping[str, Any]


def page(document: Document) -> str:
    """The page, with every operation under the heading of its tag, in the document's order."""
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width"><title>Numina: the HTTP interface</title>',
        f"<style>{_STYLE}</style></head><body><main><h1>Numina</h1>",
        '<p>The same as an <a href="/openapi.json">OpenAPI document</a>, for tools.</p>',
        _markdown(document["info"]["description"]),
    ]
    for tag in document["tags"]:
        parts.append(f"<h2>{escape(tag['name'])}</h2>{_markdown(tag['description'])}")
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if tag["name"] in operation["tags"]:
                    parts.extend(_operation(path, method, operation, document))
    return "".join([*parts, "</main></body></html>"])


def _operation(path: str, method: str, operation: Document, document: Document) -> Iterator[str]:
    address = f"{method}{path}".replace("{", "").replace("}", "").replace("/", "-")
    yield f'<details id="{escape(address)}"><summary><span class="method {method}">{method.upper()}</span>'
    yield f"<code>{escape(path)}</code> {escape(operation['summary'])}</summary>"
    yield _markdown(operation.get("description", ""))
    yield from _parameters(operation.get("parameters", ()))
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body is not None:
        yield "<h4>Body</h4>" + _markdown(_described(body["schema"], document))
        yield from _examples(body)
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            yield f"<h4>Answer {escape(status)}</h4><p>{escape(response['description'])}</p>"
            for content in response.get("content", {}).values():
                yield _markdown(_described(content.get("schema", {}), document))
                yield from _examples(content)
    yield "</details>"


def _parameters(parameters: Any) -> Iterator[str]:
    if not parameters:
        return
    yield "<table><tr><th>Parameter</th><th>In</th><th>Meaning</th></tr>"
    for parameter in parameters:
        name = f"<code>{escape(parameter['name'])}</code>{' (required)' if parameter['required'] else ''}"
        meaning = escape(parameter.get("description", ""))
        yield f"<tr><td>{name}</td><td>{escape(parameter['in'])}</td><td>{meaning}</td></tr>"
    yield "</table>"


def _examples(content: Document) -> Iterator[str]:
    if "example" in content:
        yield _code(content["example"])
    for name, example in content.get("examples", {}).items():
        yield f"<p>{escape(name)}</p>{_code(example['value'])}"


def _described(schema: Document, document: Document) -> str:
    """What a shape says about itself."""
    name = schema.get("$ref", "").rsplit("/", 1)[-1]
    found = document["components"]["schemas"].get(name, schema)
    return str(found.get("description", ""))


def _code(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
    return f"<pre>{escape(text)}</pre>"


def _markdown(text: str) -> str:
    # What is rendered is part of the program; raw HTML in it is escaped all the same.
    rendered: str = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    return rendered
