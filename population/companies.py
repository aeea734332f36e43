"""Invented companies: creditors and those who consult the bureau, by line of business (``tipo_empresa``)."""

from __future__ import annotations

COMPANIES: dict[str, tuple[str, ...]] = {
    "banco": ("Banco Ipê S.A.", "Banco Aroeira", "Banco Jacarandá S.A.", "Caixa Guará", "Banco Pau-Brasil"),
    "cartao": ("Cartões Jequitibá", "Crédito Sabiá", "Administradora Tucum", "Cartão Buriti"),
    "varejo": ("Lojas Araponga", "Magazine Siriema", "Móveis Cajueiro", "Casa Jabuti", "Supermercados Umbu"),
    "telefonia": ("Telecom Tucano", "Vozes do Sertão", "Fibra Mandacaru"),
    "servicos_publicos": ("Energia Cerrado", "Águas do Agreste", "Companhia Elétrica Pampa", "Gás Litoral"),
    "fintech": ("Pequi Pagamentos", "Açaí Crédito", "Caju Digital", "Guaraná Empréstimos"),
    "seguradora": ("Seguros Araucária", "Seguradora Capivara"),
    "imobiliaria": ("Imobiliária Beira-Mar", "Imóveis Planalto"),
}
OWN_PORTAL = "Portal do Consumidor"

LONG_CREDITORS = {"banco": 0.30, "cartao": 0.30, "varejo": 0.27, "fintech": 0.13}
SHORT_CREDITORS = {"telefonia": 0.34, "servicos_publicos": 0.34, "fintech": 0.14, "cartao": 0.18}
CONSULTANTS = {
    "banco": 0.24, "cartao": 0.18, "varejo": 0.24, "telefonia": 0.09, "servicos_publicos": 0.04,
    "fintech": 0.14, "seguradora": 0.04, "imobiliaria": 0.03,
}  # fmt: skip


def weighted_companies(kinds: dict[str, float]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[float, ...]]:
    """Return names, kinds and weights of the companies of the given kinds, each kind shared evenly."""
    rows = [(name, kind, share / len(COMPANIES[kind])) for kind, share in kinds.items() for name in COMPANIES[kind]]
    names, lines, weights = zip(*rows, strict=True)
    return names, lines, weights
