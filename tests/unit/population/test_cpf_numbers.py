"""CPFs are valid, never repeat, carry the fiscal region of the state, and leave a reserve for strangers."""

import numpy as np
import pyarrow as pa
import pytest

from contracts.cpf import has_valid_digits
from population.cpf_numbers import PATTERN_LENGTH, RESERVED_RANK, CpfIssuer
from population.parameters import MAX_CLIENTS
from population.places import REGION_SHARES


@pytest.fixture(scope="module")
def issuer() -> CpfIssuer:
    return CpfIssuer(11)


@pytest.mark.parametrize("start", [0, 100_000_000, MAX_CLIENTS - 50_000])
def test_cpfs_are_valid_and_unlike_each_other(issuer, start):
    cpfs = issuer.cpfs(np.arange(start, start + 50_000))
    assert len(np.unique(cpfs)) == 50_000
    assert all(has_valid_digits(pa.array(cpfs.astype("U11"))).to_pylist())


def test_distant_consumers_and_strangers_share_no_cpf(issuer):
    rng = np.random.default_rng(0)
    numbers = np.unique(rng.integers(0, MAX_CLIENTS, 200_000))
    strangers = np.unique(rng.integers(0, 4 * 10**8, 200_000))
    both = np.concatenate([issuer.cpfs(numbers), issuer.reserved(strangers)])
    assert len(np.unique(both)) == len(numbers) + len(strangers)


def test_no_region_runs_out_of_ranks_before_the_reserve():
    largest = max(np.floor(np.array(REGION_SHARES) * PATTERN_LENGTH)) + len(REGION_SHARES)
    assert (MAX_CLIENTS / PATTERN_LENGTH) * largest < RESERVED_RANK


def test_ranks_are_permuted_one_to_one_without_repeated_digits(issuer):
    """Every rank near the repeated prefixes, where the permutation has a hole, still gives its own prefix."""
    for region in range(10):
        ranks = np.arange(max(region * 11_111_111 - 500, 0), region * 11_111_111 + 500)
        cpfs = issuer._issue(np.full(len(ranks), region), ranks)
        assert len(np.unique(cpfs)) == len(ranks)
        assert not np.isin(np.array([str(region) * 11], dtype="S11"), cpfs).any()


def test_ninth_digit_is_the_fiscal_region(issuer):
    numbers = np.arange(5_000)
    ninth = np.array([int(cpf[8:9]) for cpf in issuer.cpfs(numbers)])
    assert (ninth == issuer.regions(numbers)).all()


def test_another_seed_gives_other_cpfs(issuer):
    numbers = np.arange(1_000)
    assert not np.isin(CpfIssuer(12).cpfs(numbers), issuer.cpfs(numbers)).all()
