"""Examples of bodies for the API's document, by the name of their model; of nobody: the CPFs are test numbers."""

from __future__ import annotations

from typing import Any

CLIENT_ID = "3f6c2a10-4c8e-4f5b-9a53-0d5f7c1e2b90"
CPF = "52998224725"
CPF_WITH_POINTS = "529.982.247-25"

_ADDRESS = {
    "uf": "SP",
    "cidade": "São Paulo",
    "bairro": "Sé",
    "longadouro": "Praça da Sé",
    "numero": "108",
    "complemento": None,
}
_CLIENT = {
    "id": CLIENT_ID,
    "nome": "Maria Exemplo da Silva",
    "cpf": CPF,
    "data_nascimento": "1980-05-17",
    "sexo": "F",
    "estado_civil": "casado",
    "endereco": _ADDRESS,
    "dividas": [{"empresa": "Loja Exemplo", "valor": 1234.5, "vencimento": "2026-09-10"}],
}
_SCORE = {
    "cliente_id": CLIENT_ID,
    "cpf_mascarado": "***.982.247-**",
    "score": 642,
    "escala": {"min": 0, "max": 1000},
    "faixa": "bom",
    "status": "OK",
    "probabilidade_inadimplencia": 0.0712,
    "horizonte_meses": 12,
    "motivos": [
        {"codigo": "D01", "texto": "Há dívidas em atraso", "direcao": "reduz", "pontos": -48},
        {"codigo": "R02", "texto": "A renda é estável", "direcao": "aumenta", "pontos": 31},
    ],
    "modelo": {"nome": "cartao", "versao": "2026-06-30-5cfce3e2"},
    "data_referencia": "2026-10-31",
    "calculado_em": "2026-11-01T05:01:00Z",
    "valido_ate": "2026-11-08",
}

_REVIEW = {
    "id": "019ab2f4-6c1d-7a53-9e2b-5f0c6d7e8f91",
    "execucao_id": "019aac10-2f3e-7c5b-9d4e-8a1b2c3d4e5f",
    "motivo": "divida_paga",
    "situacao": "aberta",
    "resultado": None,
    "pedida_em": "2026-11-20T13:45:10Z",
    "concluida_em": None,
}

EXAMPLES: dict[str, Any] = {
    "PaginaDeClientes": {
        "count": 1023,
        "next": "/clientes/?page=3",
        "previous": "/clientes/?page=1",
        "results": [_CLIENT],
    },
    "Cliente": _CLIENT,
    "BuscaDeClientes": {
        "nome": None,
        "cpf": CPF_WITH_POINTS,
        "uf": None,
        "cidade": None,
        "data_nascimento": None,
        "estado_civil": None,
    },
    "DadosDeScore": {
        "cpf": CPF,
        "data_nascimento": "1980-05-17",
        "endereco": _ADDRESS,
        "fontes_de_renda": [{"tipo": "salario", "descricao": "CLT", "valor": 3500.0, "frequencia": "mensal"}],
        "bens": [{"tipo": "carro", "valor_estimado": 45000.9, "descricao": "hatch 2019"}],
    },
    "Score": _SCORE,
    "HistoricoDeScores": {
        "cliente_id": CLIENT_ID,
        "escala": {"min": 0, "max": 1000},
        "results": [
            {
                "execucao_id": "019aac10-2f3e-7c5b-9d4e-8a1b2c3d4e5f",
                "data_referencia": "2026-10-31",
                "calculado_em": "2026-11-01T05:01:00Z",
                "score": 642,
                "faixa": "bom",
                "status": "OK",
                "probabilidade_inadimplencia": 0.0712,
                "modelo": {"nome": "cartao", "versao": "2026-06-30-5cfce3e2"},
                "vigente": True,
            }
        ],
    },
    "PedidoDeRevisao": {"motivo": "divida_paga"},
    "Revisao": _REVIEW,
    "RevisoesDoConsumidor": {"results": [_REVIEW]},
    "ConsultaDeScores": {"cpfs": [CPF, "390.533.447-05"]},
    "ResultadosDeConsulta": {
        "resultados": [{"encontrado": True, "resultado": _SCORE}, {"encontrado": False, "resultado": None}]
    },
    "UltimosEventos": {
        "ultima_consulta": {
            "empresa": "Banco Exemplo",
            "data_consulta": "2026-11-01T12:00:00Z",
            "tipo_empresa": "banco",
        },
        "movimentacao_financeira": {
            "tipo_movimentacao": "credito",
            "data_movimentacao": "2026-10-05T03:04:05Z",
            "valor": 2500.5,
            "descricao": "transferência",
        },
        "ultima_compra": None,
    },
    "AcessosDoConsumidor": {
        "desde": "2026-05-22T15:00:00Z",
        "next": None,
        "results": [
            {
                "quando": "2026-11-20T13:45:10Z",
                "consulente": "banco-exemplo",
                "recurso": "/clientes/{cliente_id}/score",
                "finalidade": "concessao_de_credito",
                "resultado": 200,
                "titular": False,
            }
        ],
    },
    "DescricaoDoModelo": {
        "modelo": {"nome": "cartao", "versao": "2026-06-30-5cfce3e2"},
        "horizonte_meses": 12,
        "regime": "gestor",
        "base_legal": "Lei 12.414/2011 e LGPD art. 20 §1",
        "descricao": "# O modelo\n\nCada critério soma ou tira pontos.",
    },
    "Vida": {"situacao": "vivo"},
    "Prontidao": {
        "situacao": "degradado",
        "bancos": {"base_a": "ok", "base_b": "ok", "base_c": "ok", "results": "ok", "redis": "fora"},
    },
}

PARAMETERS: dict[str, tuple[str, Any]] = {
    "cliente_id": ("identificador do consumidor na Base A", CLIENT_ID),
    "cpf": ("CPF, com ou sem pontuação", CPF_WITH_POINTS),
    "page": ("página, a partir de 1", 2),
    "page_size": ("itens por página", 20),
    "nome": ("nome, sem distinguir acentos nem maiúsculas", "maria exemplo"),
    "uf": ("sigla do estado", "SP"),
    "cidade": ("cidade, sem distinguir acentos nem maiúsculas", "são paulo"),
    "data_nascimento": ("data de nascimento", "1980-05-17"),
    "estado_civil": ("estado civil, sem distinguir acentos nem maiúsculas", "casado"),
    "antes": ("continuação, como vem em `next`", "1763818510000000-4711"),
    "If-None-Match": ("ETag da resposta que já se tem: se o score é o mesmo, 304", '"0f343b0931126a20f133d67c"'),
    "X-Finalidade": (
        "finalidade da consulta (LGPD), se o token não a fixa: palavras sem algarismos",
        "concessao_de_credito",
    ),
}
"""By name: what a parameter is, unless its route says more, and an example."""
