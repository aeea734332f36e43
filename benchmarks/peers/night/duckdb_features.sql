-- Every feature of the whole snapshot in one query. Of a fact's age in whole days: (last instant - instant) // 1 day.
-- Variables: as_of (date), cutoff, window_start (naive UTC), oldest_due (date), and one glob of Parquet files a table.
CREATE OR REPLACE TEMP MACRO age(t) AS (epoch_us(getvariable('cutoff')) - 1 - epoch_us(t)) // 86400000000;
CREATE OR REPLACE TEMP MACRO ratio(n, d) AS CASE WHEN d > 0 THEN n::DOUBLE / d::DOUBLE END;

COPY (
WITH perfil AS (
  SELECT cpf, id AS cliente_id, uf,
    CASE WHEN data_nascimento <= getvariable('as_of')
      THEN date_diff('year', data_nascimento, getvariable('as_of'))
        - (strftime(getvariable('as_of'), '%m%d') < strftime(data_nascimento, '%m%d'))::INTEGER END AS idade
  FROM read_parquet(getvariable('cliente'))
  WHERE registrado_em < getvariable('cutoff')
),
divida AS (
  SELECT cpf, empresa, valor_centavos AS centavos, registrada_em, vencimento,
    baixada_em IS NULL OR baixada_em >= getvariable('cutoff') AS aberta,
    age(registrada_em) AS registro,
    CASE WHEN baixada_em < getvariable('cutoff') THEN age(baixada_em) END AS baixa,
    greatest(
      CASE WHEN baixada_em < getvariable('cutoff')
        THEN (baixada_em AT TIME ZONE 'UTC' AT TIME ZONE 'America/Sao_Paulo')::DATE
        ELSE getvariable('as_of') END - vencimento, 0) AS atraso
  FROM read_parquet(getvariable('divida'))
  WHERE registrada_em < getvariable('cutoff') AND vencimento >= getvariable('oldest_due')
),
dividas AS (
  SELECT cpf,
    count(*) FILTER (aberta) AS abertas,
    coalesce(sum(centavos) FILTER (aberta), 0) AS abertas_centavos,
    count(*) FILTER (aberta AND atraso > 0) AS vencidas,
    coalesce(sum(centavos) FILTER (aberta AND atraso > 0), 0) AS vencidas_centavos,
    coalesce(sum(centavos * atraso) FILTER (aberta AND atraso > 0), 0) AS centavos_dias,
    coalesce(max(atraso) FILTER (aberta), 0) AS atraso_aberto,
    count(*) FILTER (aberta AND atraso > 90) AS vencidas_90,
    count(DISTINCT empresa) FILTER (aberta) AS credores,
    coalesce(sum(centavos) FILTER (aberta AND vencimento - getvariable('as_of') BETWEEN 0 AND 90), 0) AS a_vencer,
    count(*) FILTER (registro < 90) AS novas_90,
    count(*) FILTER (registro BETWEEN 90 AND 179) AS novas_90_antes,
    count(*) FILTER (registro < 365) AS novas_365,
    min(registro) FILTER (registro < 365) AS ultima,
    count(*) FILTER (NOT aberta) AS pagas,
    count(*) FILTER (NOT aberta AND atraso = 0) AS pagas_em_dia,
    count(*) FILTER (baixa < 365 AND atraso > 0) AS pagas_atraso,
    max(atraso) AS atraso_maximo,
    count(*) FILTER (atraso > 90) AS inadimplencias
  FROM divida GROUP BY cpf
),
fonte AS (
  SELECT cpf, valor_centavos AS centavos, frequencia = 'unica' AS unica, age(registrada_em) AS registro,
    encerrada_em IS NULL OR encerrada_em >= getvariable('cutoff') AS ativa,
    CASE WHEN encerrada_em < getvariable('cutoff') THEN age(encerrada_em) END AS fim,
    valor_centavos * CASE frequencia
      WHEN 'diaria' THEN 360 WHEN 'semanal' THEN 52 WHEN 'quinzenal' THEN 26 WHEN 'mensal' THEN 12
      WHEN 'bimestral' THEN 6 WHEN 'trimestral' THEN 4 WHEN 'semestral' THEN 2 WHEN 'anual' THEN 1
      WHEN 'unica' THEN 0 END AS doze_avos
  FROM read_parquet(getvariable('fonte_de_renda'))
  WHERE registrada_em < getvariable('cutoff')
),
renda AS (
  SELECT cpf,
    coalesce(sum(doze_avos) FILTER (ativa AND NOT unica), 0) AS mensal,
    coalesce(sum(doze_avos) FILTER (registro >= 365 AND (ativa OR fim < 365)), 0) AS mensal_antes,
    count(*) FILTER (ativa AND NOT unica) AS fontes,
    count(*) FILTER (fim < 365) AS encerradas,
    max(registro) FILTER (ativa AND NOT unica) AS antiguidade,
    coalesce(sum(centavos) FILTER (unica AND registro < 365), 0) AS unicas
  FROM fonte GROUP BY cpf
),
bem AS (
  SELECT cpf, tipo, valor_estimado_centavos AS centavos,
    alienado_em IS NULL OR alienado_em >= getvariable('cutoff') AS proprio,
    CASE WHEN alienado_em < getvariable('cutoff') THEN age(alienado_em) END AS fim
  FROM read_parquet(getvariable('bem'))
  WHERE registrado_em < getvariable('cutoff')
),
bens AS (
  SELECT cpf,
    count(*) FILTER (proprio) AS proprios,
    coalesce(sum(centavos) FILTER (proprio), 0) AS centavos,
    count(DISTINCT tipo) FILTER (proprio) AS tipos,
    count(*) FILTER (fim < 365) AS alienados
  FROM bem GROUP BY cpf
),
movimentacao AS (
  SELECT cpf, tipo_movimentacao = 'credito' AS credito, valor_centavos AS centavos,
    age(data_movimentacao) AS dias, age(data_movimentacao) // 30 AS periodo
  FROM read_parquet(getvariable('movimentacoes'))
  WHERE data_movimentacao < getvariable('cutoff') AND data_movimentacao >= getvariable('window_start')
),
por_periodo AS (
  SELECT cpf, periodo,
    count(*) AS registros,
    coalesce(sum(centavos) FILTER (credito), 0) AS entrou,
    coalesce(sum(centavos) FILTER (NOT credito), 0) AS saiu,
    min(dias) AS ultima,
    min(dias) FILTER (credito) AS ultimo_credito
  FROM movimentacao GROUP BY cpf, periodo
),
por_ano AS (
  SELECT cpf,
    sum(registros) AS registros, sum(entrou) AS entrou_365, sum(saiu) AS saiu_365,
    min(ultima) AS ultima, min(ultimo_credito) AS ultimo_credito,
    coalesce(sum(entrou) FILTER (periodo = 0), 0) AS entrou_30, coalesce(sum(saiu) FILTER (periodo = 0), 0) AS saiu_30,
    coalesce(sum(entrou) FILTER (periodo < 3), 0) AS entrou_90, coalesce(sum(saiu) FILTER (periodo < 3), 0) AS saiu_90,
    coalesce(sum(entrou) FILTER (periodo < 6), 0) AS entrou_180,
    coalesce(sum(saiu) FILTER (periodo < 6), 0) AS saiu_180,
    coalesce(sum(entrou) FILTER (periodo < 12), 0) AS entrou_12,
    coalesce(sum(entrou * entrou) FILTER (periodo < 12), 0) AS quadrados,
    count(*) FILTER (periodo < 12 AND saiu > entrou) AS negativos
  FROM por_periodo GROUP BY cpf
),
regulares AS (
  SELECT cpf, count(*) AS regulares
  FROM por_periodo JOIN por_ano USING (cpf)
  WHERE periodo < 12 AND entrou > 0 AND 24 * entrou >= entrou_12
  GROUP BY cpf
),
movimentacoes AS (
  SELECT por_ano.*, coalesce(regulares, 0) AS regulares FROM por_ano LEFT JOIN regulares USING (cpf)
),
consulta AS (
  SELECT cpf, empresa, age(data_consulta) AS dias
  FROM read_parquet(getvariable('consultas'))
  WHERE data_consulta < getvariable('cutoff') AND data_consulta >= getvariable('window_start')
    AND lower(trim(tipo_empresa)) <> 'titular'
),
consultas AS (
  SELECT cpf, count(*) AS qtd_365,
    count(*) FILTER (dias < 30) AS qtd_30, count(*) FILTER (dias < 90) AS qtd_90, count(*) FILTER (dias < 180) AS qtd_180,
    count(DISTINCT empresa) FILTER (dias < 90) AS empresas, min(dias) AS ultima
  FROM consulta GROUP BY cpf
),
compra AS (
  SELECT cpf, valor_centavos AS centavos, bandeira_cartao AS bandeira, lower(trim(tipo)) AS tipo, age(data_compra) AS dias
  FROM read_parquet(getvariable('compras'))
  WHERE data_compra < getvariable('cutoff') AND data_compra >= getvariable('window_start')
),
compras AS (
  SELECT cpf, count(*) AS registros, count(*) FILTER (dias < 30) AS qtd_30,
    coalesce(sum(centavos) FILTER (dias < 90), 0) AS total_90,
    coalesce(sum(centavos) FILTER (dias < 180), 0) AS total_180,
    sum(centavos) AS total,
    coalesce(sum(centavos) FILTER (tipo = 'parcelado'), 0) AS parceladas,
    coalesce(sum(centavos) FILTER (tipo IN ('credito', 'parcelado')), 0) AS a_credito,
    count(DISTINCT bandeira) AS bandeiras, min(dias) AS ultima
  FROM compra GROUP BY cpf
)
SELECT perfil.cpf, perfil.cliente_id,
  coalesce(d.cpf, r.cpf, b.cpf, m.cpf, q.cpf, c.cpf) IS NULL AS sem_dados,
  d.abertas::DOUBLE AS dividas_abertas_qtd,
  d.abertas_centavos::DOUBLE / 100 AS dividas_abertas_valor,
  d.vencidas::DOUBLE AS dividas_vencidas_qtd,
  d.vencidas_centavos::DOUBLE / 100 AS dividas_vencidas_valor,
  ratio(d.vencidas_centavos, d.abertas_centavos) AS dividas_vencidas_proporcao,
  d.atraso_aberto::DOUBLE AS dividas_atraso_maximo_dias,
  ratio(d.centavos_dias, d.vencidas_centavos) AS dividas_atraso_medio_dias,
  d.vencidas_90::DOUBLE AS dividas_vencidas_mais_90_dias_qtd,
  d.credores::DOUBLE AS dividas_credores_qtd,
  d.a_vencer::DOUBLE / 100 AS dividas_a_vencer_90_dias_valor,
  d.novas_90::DOUBLE AS dividas_novas_90_dias_qtd,
  d.novas_365::DOUBLE AS dividas_novas_365_dias_qtd,
  (d.novas_90 - d.novas_90_antes)::DOUBLE AS dividas_novas_tendencia_90_dias,
  d.ultima::DOUBLE AS dividas_dias_desde_ultima,
  d.pagas_atraso::DOUBLE AS dividas_pagas_com_atraso_365_dias_qtd,
  ratio(d.pagas_em_dia, d.pagas) AS dividas_pagas_em_dia_proporcao,
  d.atraso_maximo::DOUBLE AS dividas_atraso_maximo_historico_dias,
  d.inadimplencias::DOUBLE AS dividas_inadimplencias_qtd,
  ratio(12 * d.abertas_centavos, r.mensal) AS dividas_sobre_renda,
  ratio(12 * d.vencidas_centavos, r.mensal) AS dividas_vencidas_sobre_renda,
  r.mensal::DOUBLE / 1200 AS renda_mensal_valor,
  r.fontes::DOUBLE AS renda_fontes_qtd,
  r.antiguidade::DOUBLE AS renda_antiguidade_dias,
  r.encerradas::DOUBLE AS renda_encerradas_365_dias_qtd,
  ratio(r.mensal, r.mensal_antes) AS renda_variacao_365_dias,
  r.unicas::DOUBLE / 100 AS renda_unica_365_dias_valor,
  b.proprios::DOUBLE AS bens_qtd,
  b.centavos::DOUBLE / 100 AS bens_valor,
  b.tipos::DOUBLE AS bens_tipos_qtd,
  b.alienados::DOUBLE AS bens_alienados_365_dias_qtd,
  ratio(b.centavos, d.abertas_centavos) AS bens_sobre_dividas,
  m.registros::DOUBLE AS movimentacoes_365_dias_qtd,
  m.entrou_90::DOUBLE / 100 AS movimentacoes_credito_90_dias_valor,
  m.entrou_365::DOUBLE / 100 AS movimentacoes_credito_365_dias_valor,
  ratio(m.saiu_30, m.entrou_30) AS movimentacoes_debito_sobre_credito_30_dias,
  ratio(m.saiu_90, m.entrou_90) AS movimentacoes_debito_sobre_credito_90_dias,
  ratio(m.saiu_365, m.entrou_365) AS movimentacoes_debito_sobre_credito_365_dias,
  ratio(m.entrou_90, m.entrou_180 - m.entrou_90) AS movimentacoes_credito_tendencia_90_dias,
  ratio(m.saiu_90, m.saiu_180 - m.saiu_90) AS movimentacoes_debito_tendencia_90_dias,
  ratio(sqrt((12 * m.quadrados - m.entrou_12 * m.entrou_12)::DOUBLE), m.entrou_12) AS movimentacoes_credito_volatilidade,
  m.regulares::DOUBLE AS movimentacoes_meses_credito_regular_qtd,
  m.negativos::DOUBLE AS movimentacoes_meses_saldo_negativo_qtd,
  m.ultima::DOUBLE AS movimentacoes_dias_desde_ultima,
  m.ultimo_credito::DOUBLE AS movimentacoes_dias_desde_ultimo_credito,
  ratio(4 * m.entrou_90, r.mensal) AS movimentacoes_credito_sobre_renda,
  q.qtd_30::DOUBLE AS consultas_30_dias_qtd,
  q.qtd_90::DOUBLE AS consultas_90_dias_qtd,
  q.qtd_180::DOUBLE AS consultas_180_dias_qtd,
  q.qtd_365::DOUBLE AS consultas_365_dias_qtd,
  q.empresas::DOUBLE AS consultas_empresas_90_dias_qtd,
  (2 * q.qtd_90 - q.qtd_180)::DOUBLE AS consultas_tendencia_90_dias,
  q.ultima::DOUBLE AS consultas_dias_desde_ultima,
  c.qtd_30::DOUBLE AS compras_30_dias_qtd,
  c.registros::DOUBLE AS compras_365_dias_qtd,
  c.total_90::DOUBLE / 100 AS compras_90_dias_valor,
  ratio(c.total, 100 * c.registros) AS compras_ticket_medio_valor,
  ratio(c.parceladas, c.total) AS compras_parcelado_proporcao_365_dias,
  ratio(c.a_credito, c.total) AS compras_credito_proporcao_365_dias,
  ratio(c.total_90, c.total_180 - c.total_90) AS compras_tendencia_90_dias,
  c.ultima::DOUBLE AS compras_dias_desde_ultima,
  c.bandeiras::DOUBLE AS compras_bandeiras_qtd,
  ratio(c.total_90, m.entrou_90) AS compras_sobre_credito_90_dias,
  perfil.idade::DOUBLE AS idade_anos,
  perfil.uf AS uf
FROM perfil
LEFT JOIN dividas d ON d.cpf = perfil.cpf
LEFT JOIN renda r ON r.cpf = perfil.cpf
LEFT JOIN bens b ON b.cpf = perfil.cpf
LEFT JOIN movimentacoes m ON m.cpf = perfil.cpf
LEFT JOIN consultas q ON q.cpf = perfil.cpf
LEFT JOIN compras c ON c.cpf = perfil.cpf
ORDER BY perfil.cpf
) TO '{result}' (FORMAT parquet);
