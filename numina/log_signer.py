"""The log's signer: the name and the key under which this installation signs checkpoints of its record."""

from gateways.signing import SigningKeys
from projections.checkpoint import Signer


def log_signer(keys: SigningKeys) -> Signer:
    """The signer of the record behind `keys`, made at the first call. Raises WrongMasterKey.

    The origin must tell this log from every other one, with nothing configured and no host name to rely on;
    the key's own name does. A restored backup brings its keys along and so stays the same log.
    """
    key = keys.current("checkpoint")
    return Signer(f"numina.local/{key.kid}", key.private)
