"""`numina rotate-keys`: a new key for access tokens, while everybody stays signed in."""

from rich.console import Console

from gateways.signing import SigningKeys
from numina.database import database
from numina.master_key import master_key
from numina.settings import Settings


def rotate(settings: Settings, console: Console, *, at_once: bool) -> None:
    """Makes the key and tells what comes of it. Raises what reaching the database raises."""
    with database(settings) as ready:
        kid = SigningKeys(ready.url, master_key(ready)).rotate("token", at_once=at_once)
    console.print(f"Made the key {kid}.")
    if at_once:
        console.print(
            "Every API process takes it over within a minute; until their clients have refreshed, access tokens are "
            "answered 401. Refresh tokens stay good."
        )
    else:
        console.print(
            "It signs in about three minutes, once every API process knows it. What older ones signed is accepted "
            "for another day."
        )
