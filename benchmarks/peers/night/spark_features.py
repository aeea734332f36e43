"""The features in PySpark's DataFrame API on one machine, ``local[2]``: needs a Java virtual machine, 17 or newer.

Written as its users are told to: only built-in functions, columns pruned and filters pushed into the Parquet scan, as
few shuffle partitions as the machine has use for, adaptive execution on (the default).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - the name its documentation uses

from benchmarks.peers.night.pandas_features import TWELFTHS
from benchmarks.peers.night.snapshot import Night

CORES = 2
DRIVER_MEMORY = "8g"
SHUFFLE_PARTITIONS = 8
ARROW_ROWS = 100_000
"""Rows that go to a Python function at a time."""

ZONE = "America/Sao_Paulo"
PERIODS = range(12)
EXACT = "decimal(19,0)"
"""Products of two such have 38 digits, the most that Spark holds exactly."""


def start_session() -> SparkSession:
    """Return a local session; its virtual machine ends with it or with this process."""
    options = {
        "spark.driver.memory": DRIVER_MEMORY,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.execution.arrow.maxRecordsPerBatch": str(ARROW_ROWS),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": str(SHUFFLE_PARTITIONS),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    os.environ["PYSPARK_PYTHON"] = sys.executable  # else its workers run whatever python3 is on the PATH
    builder = SparkSession.builder.master(f"local[{CORES}]").appName("noite")
    for name, value in options.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def write_features(session: SparkSession, night: Night, result: Path) -> None:
    """Write the features of every known client as a folder of Parquet files."""
    build_features(session, night).write.mode("overwrite").parquet(str(result))


def build_features(session: SparkSession, night: Night) -> DataFrame:
    """Return the plan: one row a known client, in no order (a global sort would be one more shuffle)."""
    spark = Tables(session, night)
    joined = spark.clients()
    for family in (
        spark.debts(),
        spark.income(),
        spark.assets(),
        spark.movements(),
        spark.consultations(),
        spark.purchases(),
    ):
        joined = joined.join(family, "cpf", "left")
    nothing = F.coalesce(*(F.col(f"{name}_ha") for name in ("d", "r", "b", "m", "q", "c"))).isNull()
    values = [value.cast("double").alias(name) for name, value in formulas().items()]
    return joined.select("cpf", "cliente_id", nothing.alias("sem_dados"), *values, "uf")


def ratio(numerator: Column, denominator: Column) -> Column:
    return F.when(denominator > 0, numerator.cast("double") / denominator.cast("double"))


def total(columns: list[Column]) -> Column:
    first, *others = columns
    for column in others:
        first = first + column
    return first


def sum_if(value: Column, condition: Column) -> Column:
    return F.sum(F.when(condition, value).otherwise(0))


class Tables:
    """The snapshot's tables, and each family's measures over them."""

    def __init__(self, session: SparkSession, night: Night) -> None:
        self._session, self._night = session, night
        self._cutoff, self._start = (
            F.lit(instant).cast("timestamp_ntz") for instant in (night.cutoff, night.window_start)
        )
        self._last = F.unix_micros(F.lit(night.last_instant))
        self._as_of = F.lit(night.as_of)

    def _read(self, table: str) -> DataFrame:
        return self._session.read.parquet(*self._night.files(table))

    def _age(self, instant: str) -> Column:
        micros = self._last - F.unix_micros(F.col(instant).cast("timestamp"))
        return F.floor(micros / F.lit(86_400_000_000)).cast("int")

    def _before(self, instant: str) -> Column:
        return F.coalesce(F.col(instant) < self._cutoff, F.lit(False))

    def _events(self, table: str, instant: str) -> DataFrame:
        rows = self._read(table).where((F.col(instant) < self._cutoff) & (F.col(instant) >= self._start))
        return rows.withColumn("dias", self._age(instant))

    def clients(self) -> DataFrame:
        birth, as_of = F.col("data_nascimento"), self._as_of
        to_come = F.date_format(as_of, "MMdd") < F.date_format(birth, "MMdd")
        years = F.year(as_of) - F.year(birth) - to_come.cast("int")
        known = self._read("cliente").where(F.col("registrado_em") < self._cutoff)
        return known.select("cpf", F.col("id").alias("cliente_id"), "uf", F.when(birth <= as_of, years).alias("idade"))

    def debts(self) -> DataFrame:
        cents, late, known, paid = F.col("valor_centavos"), F.col("atraso"), F.col("registro"), F.col("paga")
        overdue = ~paid & (late > 0)
        due_in = F.datediff("vencimento", self._as_of)
        paid_on = F.from_utc_timestamp(F.col("baixada_em").cast("timestamp"), ZONE).cast("date")
        rows = (
            self._read("divida")
            .where((F.col("registrada_em") < self._cutoff) & (F.col("vencimento") >= F.lit(self._night.oldest_due)))
            .withColumns(
                {
                    "paga": self._before("baixada_em"),
                    "registro": self._age("registrada_em"),
                    "baixa": self._age("baixada_em"),
                }
            )
            .withColumn(
                "atraso",
                F.greatest(F.datediff(F.when(paid, paid_on).otherwise(self._as_of), "vencimento"), F.lit(0)),
            )
        )
        return rows.groupBy("cpf").agg(
            F.count("*").alias("d_ha"),
            F.count_if(~paid).alias("d_abertas"),
            sum_if(cents, ~paid).alias("d_abertas_centavos"),
            F.count_if(overdue).alias("d_vencidas"),
            sum_if(cents, overdue).alias("d_vencidas_centavos"),
            sum_if(cents * late, overdue).alias("d_centavos_dias"),
            F.max(F.when(paid, 0).otherwise(late)).alias("d_atraso_aberto"),
            F.count_if(~paid & (late > 90)).alias("d_vencidas_90"),
            F.count_distinct(F.when(~paid, F.col("empresa"))).alias("d_credores"),
            sum_if(cents, ~paid & due_in.between(0, 90)).alias("d_a_vencer"),
            F.count_if(known < 90).alias("d_novas_90"),
            F.count_if(known.between(90, 179)).alias("d_novas_90_antes"),
            F.count_if(known < 365).alias("d_novas_365"),
            F.min(F.when(known < 365, known)).alias("d_ultima"),
            F.count_if(paid).alias("d_pagas"),
            F.count_if(paid & (late == 0)).alias("d_pagas_em_dia"),
            F.count_if(paid & (late > 0) & (F.col("baixa") < 365)).alias("d_pagas_atraso"),
            F.max(late).alias("d_atraso_maximo"),
            F.count_if(late > 90).alias("d_inadimplencias"),
        )

    def income(self) -> DataFrame:
        cents, known, since_end = F.col("valor_centavos"), F.col("registro"), F.col("fim")
        ended, one_off = F.col("encerrada"), F.col("frequencia") == "unica"
        factors = F.create_map(*(F.lit(part) for pair in TWELFTHS.items() for part in pair))
        monthly, recurrent = cents * factors[F.col("frequencia")], ~ended & ~one_off
        rows = (
            self._read("fonte_de_renda")
            .where(F.col("registrada_em") < self._cutoff)
            .withColumns(
                {
                    "encerrada": self._before("encerrada_em"),
                    "registro": self._age("registrada_em"),
                    "fim": self._age("encerrada_em"),
                }
            )
        )
        return rows.groupBy("cpf").agg(
            F.count("*").alias("r_ha"),
            sum_if(monthly, recurrent).alias("r_mensal"),
            sum_if(monthly, (known >= 365) & (~ended | (since_end < 365))).alias("r_mensal_antes"),
            F.count_if(recurrent).alias("r_fontes"),
            F.count_if(ended & (since_end < 365)).alias("r_encerradas"),
            F.max(F.when(recurrent, known)).alias("r_antiguidade"),
            sum_if(cents, one_off & (known < 365)).alias("r_unicas"),
        )

    def assets(self) -> DataFrame:
        sold = F.col("vendido")
        rows = (
            self._read("bem")
            .where(F.col("registrado_em") < self._cutoff)
            .withColumns({"vendido": self._before("alienado_em"), "fim": self._age("alienado_em")})
        )
        return rows.groupBy("cpf").agg(
            F.count("*").alias("b_ha"),
            F.count_if(~sold).alias("b_proprios"),
            sum_if(F.col("valor_estimado_centavos"), ~sold).alias("b_centavos"),
            F.count_distinct(F.when(~sold, F.col("tipo"))).alias("b_tipos"),
            F.count_if(sold & (F.col("fim") < 365)).alias("b_alienados"),
        )

    def movements(self) -> DataFrame:
        cents, days, is_credit = F.col("valor_centavos"), F.col("dias"), F.col("tipo_movimentacao") == "credito"
        period = F.floor(days / 30)
        totals = [
            sum_if(cents, kind & (period == number)).alias(f"m_{name}_{number}")
            for name, kind in (("credito", is_credit), ("debito", ~is_credit))
            for number in PERIODS
        ]
        return (
            self._events("movimentacoes", "data_movimentacao")
            .groupBy("cpf")
            .agg(
                F.count("*").alias("m_ha"),
                sum_if(cents, is_credit).alias("m_credito_ano"),
                sum_if(cents, ~is_credit).alias("m_debito_ano"),
                F.min(days).alias("m_ultima"),
                F.min(F.when(is_credit, days)).alias("m_ultimo_credito"),
                *totals,
            )
        )

    def consultations(self) -> DataFrame:
        days = F.col("dias")
        rows = self._events("consultas", "data_consulta").where(F.lower(F.trim("tipo_empresa")) != "titular")
        return rows.groupBy("cpf").agg(
            F.count("*").alias("q_ha"),
            *(F.count_if(days < window).alias(f"q_{window}") for window in (30, 90, 180)),
            F.count_distinct(F.when(days < 90, F.col("empresa"))).alias("q_empresas"),
            F.min(days).alias("q_ultima"),
        )

    def purchases(self) -> DataFrame:
        cents, days, kind = F.col("valor_centavos"), F.col("dias"), F.lower(F.trim("tipo"))
        return (
            self._events("compras", "data_compra")
            .groupBy("cpf")
            .agg(
                F.count("*").alias("c_ha"),
                F.count_if(days < 30).alias("c_30"),
                *(sum_if(cents, days < window).alias(f"c_total_{window}") for window in (90, 180)),
                F.sum(cents).alias("c_total"),
                sum_if(cents, kind == "parcelado").alias("c_parceladas"),
                sum_if(cents, kind.isin("credito", "parcelado")).alias("c_a_credito"),
                F.count_distinct("bandeira_cartao").alias("c_bandeiras"),
                F.min(days).alias("c_ultima"),
            )
        )


def formulas() -> dict[str, Column]:
    """Return the features but ``uf``, by name, over the families' measures."""
    c = F.col
    credit = [c(f"m_credito_{p}") for p in PERIODS]
    debit = [c(f"m_debito_{p}") for p in PERIODS]
    credit_30, credit_90, credit_180, credit_360 = (total(credit[:n]) for n in (1, 3, 6, 12))
    debit_30, debit_90, debit_180 = (total(debit[:n]) for n in (1, 3, 6))
    squares = total([value.cast(EXACT) * value.cast(EXACT) for value in credit])
    variance = 12 * squares - credit_360.cast(EXACT) * credit_360.cast(EXACT)
    regular = total([((value > 0) & (24 * value >= credit_360)).cast("int") for value in credit])
    negative = total([(out > into).cast("int") for out, into in zip(debit, credit, strict=True)])
    return {
        "dividas_abertas_qtd": c("d_abertas"),
        "dividas_abertas_valor": c("d_abertas_centavos") / 100,
        "dividas_vencidas_qtd": c("d_vencidas"),
        "dividas_vencidas_valor": c("d_vencidas_centavos") / 100,
        "dividas_vencidas_proporcao": ratio(c("d_vencidas_centavos"), c("d_abertas_centavos")),
        "dividas_atraso_maximo_dias": c("d_atraso_aberto"),
        "dividas_atraso_medio_dias": ratio(c("d_centavos_dias"), c("d_vencidas_centavos")),
        "dividas_vencidas_mais_90_dias_qtd": c("d_vencidas_90"),
        "dividas_credores_qtd": c("d_credores"),
        "dividas_a_vencer_90_dias_valor": c("d_a_vencer") / 100,
        "dividas_novas_90_dias_qtd": c("d_novas_90"),
        "dividas_novas_365_dias_qtd": c("d_novas_365"),
        "dividas_novas_tendencia_90_dias": c("d_novas_90") - c("d_novas_90_antes"),
        "dividas_dias_desde_ultima": c("d_ultima"),
        "dividas_pagas_com_atraso_365_dias_qtd": c("d_pagas_atraso"),
        "dividas_pagas_em_dia_proporcao": ratio(c("d_pagas_em_dia"), c("d_pagas")),
        "dividas_atraso_maximo_historico_dias": c("d_atraso_maximo"),
        "dividas_inadimplencias_qtd": c("d_inadimplencias"),
        "dividas_sobre_renda": ratio(12 * c("d_abertas_centavos"), c("r_mensal")),
        "dividas_vencidas_sobre_renda": ratio(12 * c("d_vencidas_centavos"), c("r_mensal")),
        "renda_mensal_valor": c("r_mensal") / 1200,
        "renda_fontes_qtd": c("r_fontes"),
        "renda_antiguidade_dias": c("r_antiguidade"),
        "renda_encerradas_365_dias_qtd": c("r_encerradas"),
        "renda_variacao_365_dias": ratio(c("r_mensal"), c("r_mensal_antes")),
        "renda_unica_365_dias_valor": c("r_unicas") / 100,
        "bens_qtd": c("b_proprios"),
        "bens_valor": c("b_centavos") / 100,
        "bens_tipos_qtd": c("b_tipos"),
        "bens_alienados_365_dias_qtd": c("b_alienados"),
        "bens_sobre_dividas": ratio(c("b_centavos"), c("d_abertas_centavos")),
        "movimentacoes_365_dias_qtd": c("m_ha"),
        "movimentacoes_credito_90_dias_valor": credit_90 / 100,
        "movimentacoes_credito_365_dias_valor": c("m_credito_ano") / 100,
        "movimentacoes_debito_sobre_credito_30_dias": ratio(debit_30, credit_30),
        "movimentacoes_debito_sobre_credito_90_dias": ratio(debit_90, credit_90),
        "movimentacoes_debito_sobre_credito_365_dias": ratio(c("m_debito_ano"), c("m_credito_ano")),
        "movimentacoes_credito_tendencia_90_dias": ratio(credit_90, credit_180 - credit_90),
        "movimentacoes_debito_tendencia_90_dias": ratio(debit_90, debit_180 - debit_90),
        "movimentacoes_credito_volatilidade": ratio(F.sqrt(variance.cast("double")), credit_360),
        "movimentacoes_meses_credito_regular_qtd": regular,
        "movimentacoes_meses_saldo_negativo_qtd": negative,
        "movimentacoes_dias_desde_ultima": c("m_ultima"),
        "movimentacoes_dias_desde_ultimo_credito": c("m_ultimo_credito"),
        "movimentacoes_credito_sobre_renda": ratio(4 * credit_90, c("r_mensal")),
        "consultas_30_dias_qtd": c("q_30"),
        "consultas_90_dias_qtd": c("q_90"),
        "consultas_180_dias_qtd": c("q_180"),
        "consultas_365_dias_qtd": c("q_ha"),
        "consultas_empresas_90_dias_qtd": c("q_empresas"),
        "consultas_tendencia_90_dias": 2 * c("q_90") - c("q_180"),
        "consultas_dias_desde_ultima": c("q_ultima"),
        "compras_30_dias_qtd": c("c_30"),
        "compras_365_dias_qtd": c("c_ha"),
        "compras_90_dias_valor": c("c_total_90") / 100,
        "compras_ticket_medio_valor": ratio(c("c_total"), 100 * c("c_ha")),
        "compras_parcelado_proporcao_365_dias": ratio(c("c_parceladas"), c("c_total")),
        "compras_credito_proporcao_365_dias": ratio(c("c_a_credito"), c("c_total")),
        "compras_tendencia_90_dias": ratio(c("c_total_90"), c("c_total_180") - c("c_total_90")),
        "compras_dias_desde_ultima": c("c_ultima"),
        "compras_bandeiras_qtd": c("c_bandeiras"),
        "compras_sobre_credito_90_dias": ratio(c("c_total_90"), credit_90),
        "idade_anos": c("idade"),
    }
