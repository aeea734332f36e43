"""Names of persons under several keys: one of them current, each told by its id, an unknown one an error."""

from __future__ import annotations

import pytest

from contracts.errors import SettingsError
from contracts.settings import Settings
from serve.published.person_hash import PersonHash, key_id_of

NEXT, CURRENT, EARLIER, OLDEST = (letter.encode() * 40 for letter in "ncea")
CPF = "52998224725"


@pytest.fixture
def names() -> PersonHash:
    return PersonHash(CURRENT, next_key=NEXT, earlier=[EARLIER, OLDEST])


def test_names_are_under_the_current_key_as_if_no_other_were_known(names):
    alone = PersonHash(CURRENT)
    assert names.of_cpf(CPF) == alone.of_cpf(CPF)
    assert names.subject_by_client("c1") == alone.subject_by_client("c1")
    assert names.derive("algo") == alone.derive("algo")


def test_the_hashes_of_a_key_stay_what_they_were():
    """What lies in Redis and in the audit was named so by earlier versions."""
    names = PersonHash(b"k" * 32)
    assert names.of_cpf(CPF).hex().startswith("ecbf229d19c019d164a7bf612c97f546")
    assert names.unmarked_by_cpf(CPF) == "cpf:f5ccc882c3914996d28afc88960d042c"
    assert names.unmarked_by_client("c1") == "cliente:926ebd028c2ef35987e530e7944b9c39"


def test_keys_are_known_from_the_newest_to_the_oldest(names):
    assert [one.secret for one in names.known] == [NEXT, CURRENT, EARLIER, OLDEST]
    assert (names.newest.secret, names.oldest.secret) == (NEXT, OLDEST)
    assert [one.secret for one in names.others] == [NEXT, EARLIER, OLDEST]
    assert PersonHash(CURRENT).newest.secret == PersonHash(CURRENT).oldest.secret == CURRENT


def test_a_key_given_twice_is_one_key():
    names = PersonHash(CURRENT, next_key=CURRENT, earlier=[EARLIER, CURRENT, EARLIER])
    assert [one.secret for one in names.known] == [CURRENT, EARLIER]


def test_a_name_begins_with_its_key_s_id_and_is_looked_up_under_that_key(names):
    for one in names.known:
        name = one.subject_by_cpf(CPF)
        assert key_id_of(name) == one.key_id == name.split(":")[0]
        assert names.under(one.key_id).subject_by_cpf(CPF) == name
        assert name in names.all_by_cpf(CPF)
        assert one.subject_by_client("c1") in names.all_by_client("c1")
    assert len({one.key_id for one in names.known}) == 4
    assert key_id_of(names.unmarked_by_cpf(CPF)) is key_id_of(names.unmarked_by_client("c1")) is None


def test_what_bears_no_id_is_of_the_oldest_key(names):
    assert names.under(None).secret == OLDEST
    assert names.oldest.unmarked_by_client("c1") in names.all_by_client("c1")


def test_an_unknown_key_is_an_error_that_names_it_by_its_id_alone(names):
    stranger = PersonHash(b"s" * 40)
    for refused in (lambda: names.under(stranger.key_id), lambda: names.check_known([None, stranger.key_id])):
        with pytest.raises(SettingsError, match=stranger.key_id) as error:
            refused()
        assert "SCORE_CACHE_KEYS_EARLIER" in str(error.value)
        assert "ssss" not in str(error.value)
    names.check_known([None, *(one.key_id for one in names.known)])


def test_the_settings_list_them():
    settings = Settings(
        _env_file=None,
        cache_key=CURRENT.decode(),
        cache_key_next=NEXT.decode(),
        cache_keys_earlier=f"{EARLIER.decode()}\n {OLDEST.decode()}",
    )
    assert [one.secret for one in PersonHash.from_settings(settings).known] == [NEXT, CURRENT, EARLIER, OLDEST]
