"""The log has one name and one key, whoever asks and however often."""

from gateways.signing import SigningKeys
from numina.log_signer import log_signer
from projections.merkle import EMPTY_ROOT


def test_every_process_signs_as_the_same_log(database):
    one, other = (log_signer(SigningKeys(database, b"\x07" * 32)) for _ in range(2))
    assert one.name.startswith("numina.local/")
    assert one.sign(0, EMPTY_ROOT) == other.sign(0, EMPTY_ROOT)
    assert str(one.verifier) == str(other.verifier)
