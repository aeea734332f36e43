"""Origins that the settings may name: exactly what a browser sends, and nothing that means several pages."""

from __future__ import annotations

import pytest

from contracts.errors import SettingsError
from contracts.origins import origins_of
from contracts.settings import load_settings

WRONG = (
    "",
    " ",
    "*",
    "null",
    "https://*.exemplo.com.br",
    "http://exemplo.com.br",
    "https://exemplo.com.br/",
    "https://exemplo.com.br/pagina",
    "https://Exemplo.com.br",
    "https://exemplo.com.br:443",
    "https://exemplo.com.br:0",
    "http://localhost:80",
    "https://pessoa:segredo@exemplo.com.br",
    "https://exemplo.com.br,https://outro.com.br",
    "exemplo.com.br",
    "https://a.br file:///etc",
)


@pytest.mark.parametrize("text", WRONG)
def test_what_no_browser_sends_is_refused(text):
    with pytest.raises(ValueError, match="must be origins"):
        origins_of(text)


def test_several_are_taken_each_once():
    given = "https://a.br  https://b.br:8443\nhttp://127.0.0.1:5173 http://[::1] https://a.br"
    assert origins_of(given) == "https://a.br https://b.br:8443 http://127.0.0.1:5173 http://[::1]"


def test_the_setting_says_what_is_wrong_and_repeats_no_secret():
    with pytest.raises(SettingsError) as refused:
        load_settings({"web_origins": "https://pessoa:segredo@exemplo.com.br"})
    assert "SCORE_WEB_ORIGINS" in str(refused.value)
    assert "segredo" not in str(refused.value)
