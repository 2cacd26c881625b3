"""Where the links in letters lead: two pages with a button, which send the token on."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape

from starlette.requests import Request
from starlette.responses import Response

from api.describe import operation, router
from api.responses import Answer, Header

routes = router("Identity", prefix="")

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 26rem; margin: 4rem auto; padding: 0 1rem; color: #1b1f24 }
input, button { font: inherit; display: block; width: 100%; box-sizing: border-box; margin: .5rem 0; padding: .5rem }
@media (prefers-color-scheme: dark) { body { background: #0d1117; color: #e6edf3 } }
"""
# The token is taken out of the address at once, so that it stays in no history; only a press of the button sends it,
# for there are programs that open every link of a letter.
_SCRIPT = """
const token = location.hash.slice(1), form = document.forms[0], told = document.querySelector("output");
history.replaceState(null, "", location.pathname);
form.addEventListener("submit", async event => {
  event.preventDefault();
  form.querySelector("button").disabled = true;
  const body = {token};
  if (form.password) body.password = form.password.value;
  try {
    const answer = await fetch(form.dataset.to, {
      method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body)});
    if (answer.ok) { form.hidden = true; told.textContent = form.dataset.done; return; }
    told.textContent = (await answer.json()).detail;
  } catch { told.textContent = "The service does not answer. Try again."; }
  form.querySelector("button").disabled = false;
});
"""
_FIELDS = """<label>The new password
<input type="password" name="password" autocomplete="new-password" minlength="8" maxlength="1000" required></label>"""


def _hashed(source: str) -> str:
    return f"'sha256-{b64encode(sha256(source.encode()).digest()).decode()}'"


# Nothing but this style and this script (Content Security Policy 3), which may call the service itself.
_POLICY: Header = (
    b"content-security-policy",
    f"default-src 'none'; style-src {_hashed(_STYLE)}; script-src {_hashed(_SCRIPT)}; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'".encode(),
)


def _page(title: str, to: str, done: str, button: str, fields: str = "") -> bytes:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f'<body><main><h1>{escape(title)}</h1><form data-to="{to}" data-done="{escape(done)}">{fields}'
        f"<button>{escape(button)}</button></form><output></output></main>"
        f"<script>{_SCRIPT}</script></body></html>"
    ).encode()


_VERIFY = _page("Is this address yours?", "/v1/auth/verify", "Thank you: it is yours.", "Yes, it is mine")
_RESET = _page(
    "Choose a new password",
    "/v1/auth/password/reset",
    "You have a new password. Sign in with it.",
    "Take this password",
    _FIELDS,
)


@routes.get("/letters/verify", include_in_schema=False, **operation("Confirm an address", public=True))
async def verify(request: Request) -> Response:
    return _html(_VERIFY)


@routes.get("/letters/reset", include_in_schema=False, **operation("Choose a new password", public=True))
async def reset(request: Request) -> Response:
    return _html(_RESET)


def _html(page: bytes) -> Answer:
    return Answer(page, headers=[_POLICY], media=b"text/html; charset=utf-8")
