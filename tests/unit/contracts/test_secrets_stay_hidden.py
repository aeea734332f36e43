"""No secret of the settings is in any text that the program makes of them by itself."""

from __future__ import annotations

import json
import logging
import traceback

import pytest

from contracts.errors import SettingsError
from contracts.settings import Settings, load_settings, secret_fields

pytestmark = pytest.mark.usefixtures("clean_environment")

SECRET = "hunter2-e-mais-trinta-caracteres-para-ser-longo"
VALUES = {
    name: {
        "base_c": f"mongodb://u:{SECRET}@h/c",
        "redis_": f"rediss://:{SECRET}@h/0",
        "cache_": SECRET,
        "jwt_se": SECRET,
    }.get(name[:6], f"postgresql://u:{SECRET}@h/b")
    for name in secret_fields()
}


@pytest.fixture
def settings() -> Settings:
    return load_settings(VALUES)


def test_no_form_of_the_settings_shows_a_secret(settings, caplog):
    caplog.set_level(logging.DEBUG)
    logging.getLogger("escore").warning("%s %r", settings, [settings])
    told = [
        repr(settings),
        str(settings),
        f"{settings.for_api()!r}",
        settings.model_dump_json(),
        json.dumps(settings.model_dump(mode="json")),
        str(settings.model_dump()),
        str(vars(settings)),
        caplog.text,
    ]
    assert "SecretStr('**********')" in told[0]
    assert not [text for text in told if SECRET in text]


def test_a_traceback_with_the_local_variables_shows_no_secret(settings):
    """As a log handler, or a debugger in production, may write one."""
    wrong = settings
    try:
        wrong.require("lake", "jwks")
    except SettingsError as error:
        told = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "SecretStr" in told
    assert SECRET not in told


@pytest.mark.parametrize("name", sorted(VALUES))
def test_a_secret_that_is_wrong_is_named_and_not_shown(settings, name):
    wrong = SECRET[:12] if name.startswith(("cache_key", "jwt_secret")) else f"ftp://u:{SECRET}@h/{SECRET}?{SECRET}"
    with pytest.raises(SettingsError) as error:
        load_settings({**VALUES, name: wrong})
    told = "".join(traceback.TracebackException.from_exception(error.value, capture_locals=False).format())
    assert f"SCORE_{name.upper()}: " in told
    assert wrong[:12] not in told
