"""No CPF of right check digits is committed but the samples, which everybody's examples use."""

import subprocess
from collections import defaultdict
from pathlib import Path

from tests.personal_data import valid_cpfs

ROOT = Path(__file__).parents[2]
SAMPLES = {
    "52998224725": "the example of most texts on check digits",
    "11144477735": "another one",
    "39053344705": "the example of validators' documentation, and of ours",
    "01234567890": "digits in a row",
    "00000000191": "the smallest but one",
    "38742048982": "made from the number of a client of the Berka data, as population/berka_people.py says",
}
NUMBERS_OF_MACHINES = {
    "requirements.lock",
    "deploy/checks.lock",
    "deploy/image/requirements.lock",
    "docs/benchmarks/figures.json",
    "docs/reference/sbom.cdx.json",
}
"""Digits of hashes and of measures."""


def test_the_search_sees_a_valid_cpf_in_any_writing():
    assert valid_cpfs("a 529.982.247-25; b11144477735c, 52998224726, 1.529.982.247-25") == {
        "52998224725",
        "11144477735",
    }


def test_committed_files_hold_no_cpf_but_the_samples():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = {name for name in listed.split("\0") if name and (ROOT / name).is_file()} - NUMBERS_OF_MACHINES
    assert len(names) > 500
    found = defaultdict(set)
    for name in names:
        for cpf in valid_cpfs((ROOT / name).read_bytes().decode("utf-8", "replace")):
            found[cpf].add(name)
    assert {cpf: files for cpf, files in found.items() if cpf not in SAMPLES} == {}
    assert set(found) == set(SAMPLES)
