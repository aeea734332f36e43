"""States, their people and cities: IBGE, Censo 2022 (thousands of residents), and fiscal regions.

Cities are among the largest of each state, so that they keep about their real weight relative to one
another; the rest of the state lives in them too.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class State:
    """A federative unit: residents (thousands), CPF fiscal region, income level against the country's, cities."""

    code: str
    residents: int
    fiscal_region: int
    income_level: float
    cities: tuple[tuple[str, int], ...]


def _cities(text: str) -> tuple[tuple[str, int], ...]:
    pairs = (item.rsplit(" ", 1) for item in text.split(", "))
    return tuple((name, int(residents)) for name, residents in pairs)


STATES: tuple[State, ...] = (
    State("AC", 830, 2, 0.69, _cities("Rio Branco 365, Cruzeiro do Sul 92, Sena Madureira 41")),
    State("AL", 3128, 4, 0.68, _cities("Maceió 958, Arapiraca 235, Rio Largo 94, Palmeira dos Índios 71")),
    State("AM", 3942, 2, 0.72, _cities("Manaus 2064, Itacoatiara 104, Manacapuru 102, Parintins 96")),
    State("AP", 734, 2, 0.79, _cities("Macapá 443, Santana 107, Laranjal do Jari 35")),
    State(
        "BA",
        14142,
        5,
        0.69,
        _cities(
            "Salvador 2418, Feira de Santana 616, Vitória da Conquista 371, Camaçari 300, Juazeiro 236, Itabuna 187"
        ),
    ),
    State(
        "CE", 8795, 3, 0.69, _cities("Fortaleza 2429, Caucaia 356, Juazeiro do Norte 286, Maracanaú 235, Sobral 203")
    ),
    State("DF", 2817, 1, 1.79, _cities("Ceilândia 350, Samambaia 233, Taguatinga 210, Plano Piloto 225, Gama 140")),
    State("ES", 3834, 7, 1.03, _cities("Serra 520, Vila Velha 468, Cariacica 353, Vitória 323, Linhares 167")),
    State(
        "GO",
        7056,
        1,
        1.05,
        _cities("Goiânia 1437, Aparecida de Goiânia 528, Anápolis 399, Rio Verde 226, Luziânia 209"),
    ),
    State(
        "MA", 6777, 3, 0.58, _cities("São Luís 1038, Imperatriz 273, São José de Ribamar 245, Timon 175, Caxias 157")
    ),
    State(
        "MG",
        20540,
        6,
        1.0,
        _cities(
            "Belo Horizonte 2316, Uberlândia 713, Contagem 622, Juiz de Fora 541, Betim 412, Montes Claros 414, "
            "Ribeirão das Neves 330, Uberaba 338"
        ),
    ),
    State("MS", 2757, 1, 1.13, _cities("Campo Grande 898, Dourados 243, Três Lagoas 132, Corumbá 96")),
    State("MT", 3659, 1, 1.11, _cities("Cuiabá 651, Várzea Grande 300, Rondonópolis 245, Sinop 196")),
    State("PA", 8120, 2, 0.71, _cities("Belém 1303, Ananindeua 479, Santarém 332, Parauapebas 267, Marabá 266")),
    State("PB", 3975, 4, 0.75, _cities("João Pessoa 834, Campina Grande 420, Santa Rita 150, Patos 103")),
    State(
        "PE",
        9059,
        4,
        0.69,
        _cities("Recife 1489, Jaboatão dos Guararapes 644, Petrolina 387, Caruaru 378, Olinda 350, Paulista 342"),
    ),
    State("PI", 3271, 3, 0.74, _cities("Teresina 866, Parnaíba 162, Picos 83")),
    State(
        "PR",
        11444,
        9,
        1.17,
        _cities("Curitiba 1774, Londrina 556, Maringá 410, Ponta Grossa 358, Cascavel 348, São José dos Pinhais 329"),
    ),
    State(
        "RJ",
        16055,
        7,
        1.17,
        _cities(
            "Rio de Janeiro 6211, São Gonçalo 897, Duque de Caxias 808, Nova Iguaçu 786, Niterói 482, "
            "Belford Roxo 483, Campos dos Goytacazes 484, Petrópolis 279"
        ),
    ),
    State("RN", 3303, 4, 0.83, _cities("Natal 751, Mossoró 265, Parnamirim 253, São Gonçalo do Amarante 116")),
    State("RO", 1581, 2, 0.95, _cities("Porto Velho 461, Ji-Paraná 124, Ariquemes 97, Vilhena 96")),
    State("RR", 637, 2, 0.84, _cities("Boa Vista 413, Rorainópolis 33, Caracaraí 21")),
    State(
        "RS",
        10883,
        0,
        1.25,
        _cities("Porto Alegre 1333, Caxias do Sul 463, Canoas 348, Pelotas 326, Santa Maria 272, Gravataí 265"),
    ),
    State(
        "SC",
        7610,
        9,
        1.23,
        _cities("Joinville 616, Florianópolis 537, Blumenau 361, São José 270, Chapecó 255, Itajaí 265"),
    ),
    State("SE", 2210, 5, 0.71, _cities("Aracaju 603, Nossa Senhora do Socorro 192, Itabaiana 103, Lagarto 101")),
    State(
        "SP",
        44411,
        8,
        1.29,
        _cities(
            "São Paulo 11452, Guarulhos 1292, Campinas 1139, São Bernardo do Campo 811, Santo André 749, Osasco 729, "
            "Sorocaba 724, Ribeirão Preto 699, São José dos Campos 697, Santos 418"
        ),
    ),
    State("TO", 1511, 1, 0.9, _cities("Palmas 303, Araguaína 171, Gurupi 85")),
)
"""``income_level``: household income per head over the country's (IBGE, PNAD Contínua 2023), rounded."""


def _region_shares() -> tuple[float, ...]:
    total = sum(state.residents for state in STATES)
    return tuple(
        sum(state.residents for state in STATES if state.fiscal_region == region) / total for region in range(10)
    )


REGION_SHARES = _region_shares()
"""Share of the country's residents in the states of each fiscal region, 0 to 9."""

NEIGHBOURHOODS = (
    "Centro", "Boa Vista", "São José", "Santo Antônio", "Jardim América", "Vila Nova", "Santa Luzia",
    "Industrial", "Planalto", "São Francisco", "Bela Vista", "Nova Esperança", "Cidade Nova", "Bom Jesus",
    "Alto da Serra", "Parque das Flores", "Jardim das Acácias", "Liberdade", "Santa Cruz", "Vila Operária",
)  # fmt: skip
STREETS = (
    "Rua das Palmeiras", "Avenida Brasil", "Rua Sete de Setembro", "Rua Quinze de Novembro", "Avenida Getúlio Vargas",
    "Rua São João", "Rua Tiradentes", "Rua Dom Pedro II", "Travessa do Comércio", "Rua Marechal Deodoro",
    "Avenida Independência", "Rua da Paz", "Rua Santos Dumont", "Alameda dos Ipês", "Rua José Bonifácio",
    "Rua Rui Barbosa", "Avenida Beira-Rio", "Rua Castro Alves", "Rua Duque de Caxias", "Estrada do Campo",
)  # fmt: skip
COMPLEMENTS = ("Casa", "Fundos", "Apto 11", "Apto 32", "Apto 204", "Bloco B", "Casa 2", "Sobrado", "Lote 7", "Sala 3")
