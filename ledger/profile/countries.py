"""Countries by the codes of ISO 3166-1 alpha-2 that are assigned (as of 2026: 249 of them)."""

from __future__ import annotations

from ledger.refusals import Refusal

CODES = frozenset(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT
    BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH
    ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT
    HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS
    LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI
    NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG
    SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG
    UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
    """.split()  # noqa: SIM905  # a list of 249 strings is no easier to read
)


class UnknownCountry(Refusal):
    """A country is two letters of ISO 3166-1, such as DE."""

    code = "unknown_country"


def check_country(code: str, *, field: str = "country") -> None:
    """Raises UnknownCountry unless `code` is assigned, in capitals."""
    if code not in CODES:
        detail = f"{code[:16]!r} is no country of ISO 3166-1. Use two capital letters, such as DE."
        raise UnknownCountry(detail, field=field)
