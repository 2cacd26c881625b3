"""The master key is made once, kept from others, and never replaced by a guess."""

import base64
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from numina.master_key import FILE, MasterKeyError, master_key
from numina.settings import Settings


def test_a_home_gets_a_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    key = master_key(Settings(home=tmp_path))
    assert len(key) == 32
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert master_key(Settings(home=tmp_path)) == key


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: master_key(Settings(home=tmp_path)), range(32)))
    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_configured_key_leaves_the_home_alone(tmp_path: Path) -> None:
    given = SecretStr(base64.b64encode(b"k" * 32).decode())
    assert master_key(Settings(home=tmp_path, master_key=given)) == b"k" * 32
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize("text", ["no base64!", base64.b64encode(b"short").decode()])
def test_a_key_of_another_shape_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(MasterKeyError, match="NUMINA_MASTER_KEY"):
        master_key(Settings(home=tmp_path, master_key=SecretStr(text)))


def test_a_damaged_key_file_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("")
    with pytest.raises(MasterKeyError, match=FILE):
        master_key(Settings(home=tmp_path))
    assert (tmp_path / FILE).read_text() == ""
