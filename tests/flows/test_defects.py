"""Every planted defect is refused under the rule it breaks, left aside by a named rule, or harmless."""

from collections import Counter

from contracts.rules import RULES, Outcome


def test_rejected_are_exactly_the_planted(night):
    planted = Counter(
        (row["base"], row["tabela"], row["chave"], row["regra_esperada"])
        for row in night.truth("defeitos").to_pylist()
        if RULES[row["regra_esperada"]].outcome is Outcome.REJECTED
    )
    refused = Counter(
        night.query(
            "select base, tabela, chave, regra from rejeitado where execucao_id = :id", id=night.run["execucao_id"]
        )
    )
    assert len({rule for *_, rule in planted}) >= 13
    assert sum(planted.values()) > 500
    assert refused == planted


def test_ignored_are_counted_under_the_planted_rule(night):
    """Some rules set clean records aside too (old events, own consultations): those count at least the planted."""
    [(counts,)] = night.query("select contagens from execucao where id = :id", id=night.run["execucao_id"])
    planted = Counter(
        (row["tabela"], row["regra_esperada"])
        for row in night.truth("defeitos").to_pylist()
        if RULES[row["regra_esperada"]].outcome is Outcome.IGNORED
    )
    assert {rule for _, rule in planted} >= {"posterior_a_data_referencia", "titular_rejeitado", "titular_posterior"}
    for (table, rule), number in planted.items():
        assert counts[table]["ignorados"][rule] == number, (table, rule)


def test_harmless_defects_are_in_no_list_of_rejects(night):
    refused = {(table, key) for table, key in night.query("select tabela, chave from rejeitado")}
    harmless = [
        (row["tabela"], row["chave"])
        for row in night.truth("defeitos").to_pylist()
        if RULES[row["regra_esperada"]].outcome is Outcome.HARMLESS
    ]
    assert len(harmless) > 300
    assert not refused.intersection(harmless)
