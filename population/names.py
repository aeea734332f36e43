"""Brazilian names by real shares: IBGE, Nomes no Brasil (Censo 2010, bearers in thousands) and surnames (2022)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc


def _weighted(text: str) -> tuple[pa.Array, npt.NDArray[np.float64]]:
    pairs = [item.rsplit(" ", 1) for item in text.split(", ")]
    weights = np.array([float(weight) for _, weight in pairs])
    return pa.array([name for name, _ in pairs]), weights.cumsum() / weights.sum()


FEMALE_NAMES = _weighted(
    "Maria 11694, Ana 3079, Francisca 722, Antônia 589, Adriana 565, Juliana 562, Márcia 552, Fernanda 532, "
    "Patrícia 530, Aline 509, Sandra 479, Camila 478, Amanda 465, Bruna 460, Jéssica 456, Letícia 434, Júlia 431, "
    "Luciana 429, Vanessa 418, Mariana 381, Gabriela 378, Vera 355, Vitória 331, Larissa 319, Cláudia 314, "
    "Beatriz 310, Rita 295, Luana 293, Sônia 280, Renata 274, Eliane 270, Josefa 266, Simone 265, Natália 264, "
    "Cristiane 259, Carla 255, Débora 249, Rosângela 246, Jaqueline 242, Rosa 236, Daniela 234, Aparecida 233, "
    "Marlene 231, Terezinha 227, Raimunda 226, Andréia 225, Fabiana 223, Lúcia 218, Raquel 217, Ângela 213, "
    "Rafaela 209, Joana 205, Luzia 200, Elaine 196, Daniele 195, Regina 188, Sara 180, Isabela 172, Yasmin 152, "
    "Helena 120, Valentina 60, Conceição 105, Benedita 110, Iracema 70, Zilda 66"
)
MALE_NAMES = _weighted(
    "José 5732, João 2971, Antônio 2567, Francisco 1765, Carlos 1483, Paulo 1417, Pedro 1214, Lucas 1117, Luiz 1102, "
    "Marcos 1101, Luís 931, Gabriel 922, Rafael 814, Daniel 706, Marcelo 690, Bruno 663, Eduardo 628, Felipe 615, "
    "Raimundo 611, Rodrigo 598, Manoel 593, Mateus 579, André 577, Fernando 551, Fábio 523, Leonardo 518, "
    "Gustavo 502, Guilherme 497, Leandro 489, Tiago 483, Anderson 482, Ricardo 472, Márcio 462, Jorge 456, "
    "Sebastião 455, Alexandre 445, Roberto 432, Edson 423, Diego 420, Vítor 406, Sérgio 400, Cláudio 398, "
    "Matheus 396, Thiago 385, Geraldo 379, Adriano 372, Luciano 352, Júlio 348, Renato 344, Alex 338, Vinícius 336, "
    "Rogério 326, Samuel 320, Ronaldo 316, Mário 310, Flávio 302, Igor 288, Douglas 286, Davi 274, Jeferson 262, "
    "Domingos 255, Cícero 248, Miguel 240, Caio 160, Enzo 120, Heitor 70, Severino 190, Benedito 180"
)
SURNAMES = _weighted(
    "da Silva 27000, Silva 7030, dos Santos 14500, Santos 6870, de Oliveira 5300, Oliveira 6400, de Souza 5200, "
    "Souza 4000, Pereira 6888, Ferreira 6226, de Lima 2400, Lima 3700, Alves 5756, Rodrigues 5429, da Costa 2500, "
    "Costa 2361, Gomes 4046, Ribeiro 3900, Martins 3500, de Jesus 2600, Barbosa 2900, Soares 2600, Carvalho 2600, "
    "de Araújo 1400, Araújo 1500, Lopes 2500, Fernandes 2400, Almeida 2300, Vieira 2300, Nascimento 2100, "
    "do Nascimento 900, Dias 2100, Nunes 1900, Mendes 1700, Rocha 1900, Moreira 1700, Cardoso 1700, Marques 1500, "
    "Teixeira 1500, Freitas 1500, Machado 1400, Batista 1500, Ramos 1400, Correia 1000, Moura 1200, Cavalcante 900, "
    "Monteiro 1000, Pinto 1200, Campos 1100, Barros 1100, Castro 1000, Duarte 800, Melo 1300, Reis 1000, "
    "Bezerra 800, Guimarães 600, Xavier 500, Nogueira 600, Azevedo 600, Farias 600, Sales 400, Tavares 500, "
    "Schmidt 150, Müller 120, Bianchi 60, Yamamoto 40, Tanaka 50, Conceição 700"
)
_SECOND_GIVEN_SHARE = 0.22
_SECOND_SURNAME_SHARE = 0.78


def draw_names(rng: np.random.Generator, is_female: npt.NDArray[np.bool_]) -> pa.Array:
    """Return one full name a consumer: one or two given names, one or two surnames."""
    count = len(is_female)
    first, second = (
        pc.if_else(pa.array(is_female), _draw(rng, FEMALE_NAMES, count), _draw(rng, MALE_NAMES, count))
        for _ in range(2)
    )
    mother, father = _draw(rng, SURNAMES, count), _draw(rng, SURNAMES, count)
    has_second = pc.and_(pa.array(rng.random(count) < _SECOND_GIVEN_SHARE), pc.not_equal(first, second))
    has_mother = pc.and_(pa.array(rng.random(count) < _SECOND_SURNAME_SHARE), pc.not_equal(mother, father))
    none = pa.scalar(None, pa.string())
    return pc.binary_join_element_wise(
        first,
        pc.if_else(has_second, second, none),
        pc.if_else(has_mother, mother, none),
        father,
        " ",
        null_handling="skip",
    )


def _draw(rng: np.random.Generator, pool: tuple[pa.Array, npt.NDArray[np.float64]], count: int) -> pa.Array:
    names, cumulative = pool
    return names.take(pa.array(np.searchsorted(cumulative, rng.random(count), side="right").clip(0, len(names) - 1)))
