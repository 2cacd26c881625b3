"""The auditor's guide is true: its examples verify, its program works, neither believes a changed digit."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from numina.proofs import verify_growth, verify_inclusion
from projections.checkpoint import parse

GUIDE = (Path(__file__).parents[2] / "docs" / "auditor.md").read_text("utf-8")


def blocks(language):
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```$", GUIDE, re.MULTILINE | re.DOTALL)
    return [block for block in found if block]


def example(kind):
    [found] = [d for d in map(json.loads, blocks("json")) if d["numina"] == kind]
    return found


KEY = example("checkpoint/1")["verifier_key"]


def test_the_example_of_the_guide_is_proven_as_the_guide_says():
    report = verify_inclusion(example("inclusion/1"), KEY)
    assert report.ok, str(report)
    for line in str(report).splitlines():
        assert line in GUIDE


def test_the_example_with_a_changed_amount_fails_as_the_guide_says():
    proof = example("inclusion/1")
    proof["leaf"]["state"] = proof["leaf"]["state"].replace("6.50", "6.51")
    for line in str(verify_inclusion(proof, KEY)).splitlines():
        assert line in GUIDE


def test_the_program_of_the_guide_proves_the_example_and_refuses_a_changed_one(tmp_path):
    [program] = blocks("python")
    (tmp_path / "check.py").write_text(program)
    proof = example("inclusion/1")

    def run():
        (tmp_path / "proof.json").write_text(json.dumps(proof))
        command = [sys.executable, "check.py", "proof.json", KEY]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert run().stdout.startswith("position 9 is in the record of 12 facts signed by numina.local/")
    proof["leaf"]["state"] = proof["leaf"]["state"].replace("6.50", "6.51")
    assert run().returncode != 0


def test_the_growth_example_carries_the_checkpoint_of_the_statement():
    growth, statement = example("consistency/1"), example("checkpoint/1")
    assert growth["checkpoint"] == statement["checkpoint"]
    assert statement["checkpoint"].rstrip() in GUIDE
    assert parse(statement["checkpoint"]).root.hex() == statement["root"]


def test_the_growth_example_is_proven_as_the_guide_says():
    [kept] = re.findall(r"in the file `kept`,\n```\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    report = verify_growth(kept, example("consistency/1"), KEY)
    assert report.ok, str(report)
    for line in str(report).splitlines():
        assert line in GUIDE


@pytest.mark.parametrize(
    "rule",
    re.findall(
        r"report\.add\(\s*\"(\w+)\"",
        "".join(
            (Path(__file__).parents[2] / "numina" / name).read_text("utf-8")
            for name in ("offline.py", "proofs.py")
        ),
    ),
)
def test_every_finding_is_explained(rule):
    assert f"`{rule}`" in GUIDE
