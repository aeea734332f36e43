"""A hostile model file cannot run code: nothing on the way of loading one could, and nothing happens while it loads.

The loading runs in a process of its own under an audit hook (PEP 578), which every execution, import, network call and
opening of a file for writing in CPython passes; what the hook sees is what the process did.
"""

from __future__ import annotations

import ast
import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from contracts.artifacts import ArtifactStore
from contracts.canonical_json import canonical_json
from models.registered_model import load_model, model_path
from tests.fuzz.decoders import PACKAGES
from tests.model_samples import small_table, write_model

ROOT = Path(__file__).parents[2]
MARK = "executado"

LOADER = """
import contextlib, json, sys
from pathlib import Path
from contracts.artifacts import ArtifactStore
from contracts.errors import EscoreError
from models.history import read_history
from models.registered_model import load_model
from models.registry import list_models, usable_model

root, version, last = sys.argv[1:]
lake = ArtifactStore(root)
def load():
    for read in (lambda: load_model(lake, version), lambda: list_models(lake), lambda: read_history(lake),
                 lambda: usable_model(lake)):
        with contextlib.suppress(EscoreError):
            read()
    lake.verify("models/" + version)

with contextlib.suppress(EscoreError):
    load()  # imports what loading imports lazily, before the hook
seen = []
def hook(event, arguments):
    writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
    if writes or event.split(".")[0] in WATCHED or event in ("exec", "compile", "import"):
        seen.append(event)
WATCHED = {"os", "subprocess", "socket", "pickle", "marshal", "ctypes", "shutil", "tempfile", "webbrowser", "urllib",
           "http", "ftplib", "pty", "fcntl", "mmap", "code", "pdb", "sqlite3", "signal", "cpython", "builtins"}
QUIET = {"os.listdir", "os.scandir"}
sys.addaudithook(hook)
if last == "provoke":
    eval("1")
with contextlib.suppress(EscoreError):
    load()
sys.stdout.write(json.dumps([event for event in seen if event not in QUIET]))
"""


class Runs:
    """What a pickle of this does as it is loaded is to leave a mark."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (exec, (f"open({MARK!r}, 'w')",))


def watched_loading(lake: ArtifactStore, version: str, folder: Path, last: str = "load") -> list[str]:
    """Load a model in a process of its own; return the audit events of what loading must not do."""
    command = [sys.executable, "-c", LOADER, str(lake.root), version, last]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    events: list[str] = json.loads(done.stdout)
    return events


def points_with(**changes: object) -> bytes:
    return json.dumps({**small_table().to_json(), **changes}).encode()


REDUCED = json.dumps({"__reduce__": ["os.system", [f"touch {MARK}"]], "py/object": "os.system"}).encode()
HOSTILE = {
    "pickle": pickle.dumps(Runs()),
    "pickle, protocol 0": pickle.dumps(Runs(), 0),
    "reduce in JSON": REDUCED,
    "reduce beside the members": points_with(__reduce__=["os.system", [f"touch {MARK}"]]),
    "an expression for a name": points_with(nome="__import__('os').system('touch executado')"),
    "a template": points_with(nome="{{ ''.__class__.__mro__[1].__subclasses__() }} ${7*7} %(x)s {0.__class__}"),
    "a number of 400 digits": points_with(pontos_base=10**400),
    "a number of 5,000 digits": points_with().replace(b'"pontos_base": 600', b'"pontos_base": ' + b"9" * 5_000),
    "not a number": points_with(escala={"pontos_base": 600, "chances_base": float("nan"), "pontos_para_dobrar": 80.0}),
    "infinity": points_with(escala={"pontos_base": 600, "chances_base": float("inf"), "pontos_para_dobrar": 80.0}),
    "beyond a double": points_with().replace(b"80.0", b"1e999"),
    "a member twice": points_with().replace(b'"formato": 2', b'"formato": 2, "formato": 2'),
    "nested endlessly": b'{"a":' * 100_000,
    "lists nested endlessly": b"[" * 100_000 + b"]" * 100_000,
    "YAML": b"!!python/object/apply:os.system ['touch executado']",
    "half a character": b'{"nome": "\\ud800"}',
    "no text": bytes(range(256)),
    "nothing": b"",
}


@pytest.fixture
def lake(tmp_path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "lake")


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_points_table_is_refused(lake, kind):
    """Its manifest vouches for every file: only what the file says can refuse it."""
    version = write_model(lake, small_table())
    replace_file(lake, version, "scorecard.json", HOSTILE[kind])
    with pytest.raises(Exception, match=r"points table|not the model|scale") as refused:
        load_model(lake, version)
    assert type(refused.value).__name__ == "DataIntegrityError"


def test_nothing_happens_while_hostile_files_are_loaded(lake, tmp_path):
    """Every document of every model is hostile, and the models load one after another in one process."""
    write_model(lake, small_table())
    folder = tmp_path / "work"
    folder.mkdir()
    for number, data in enumerate(HOSTILE.values()):
        made = f"2025-06-{number % 28 + 1:02d}-{small_table().sha256[:8]}"
        (Path(lake.root) / model_path(made)).mkdir(parents=True, exist_ok=True)
        for name in ("metricas.json", "treino.json", "decisao.json", "cartao.md", "descricao.md", "pontos.parquet"):
            (Path(lake.root) / model_path(made) / name).write_bytes(data)
        points = canonical_json(small_table().to_json()) if number % 2 else data
        replace_file(lake, made, "scorecard.json", points)
    assert watched_loading(lake, made, folder) == []
    assert not list(folder.rglob(MARK))


def test_the_hook_sees_what_a_loader_that_ran_code_would_do(lake, tmp_path):
    version = write_model(lake, small_table())
    assert "exec" in watched_loading(lake, version, tmp_path, "provoke")


def replace_file(lake: ArtifactStore, version: str, name: str, data: bytes) -> None:
    """Put a file into a model's folder, and write a manifest that vouches for all that is there."""
    folder = Path(lake.root) / model_path(version)
    (folder / name).write_bytes(data)
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "manifesto.json"}
    meta = {"versao": version, "sha256": small_table().sha256}
    lake.write(model_path(version), files, meta=meta)


RUNNERS = frozenset({"eval", "exec", "compile", "__import__"})
LOADERS = frozenset({"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib", "jsonpickle"})
SAFE_YAML = frozenset({"safe_load", "YAMLError"})


def test_no_code_of_the_product_can_load_code_as_data():
    """No eval, no exec, no pickle, no YAML that makes objects, wherever it stands: not only where a model is loaded."""
    found = []
    for path in [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RUNNERS:
                found.append(f"{path.name}:{node.lineno} {node.func.id}")
            elif isinstance(node, ast.Import):
                found += [f"{path.name}:{node.lineno} {a.name}" for a in node.names if a.name.split(".")[0] in LOADERS]
            elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in LOADERS:
                found.append(f"{path.name}:{node.lineno} {node.module}")
            elif isinstance(node, ast.ImportFrom) and node.module == "yaml":
                found += [f"{path.name}:{node.lineno} {a.name}" for a in node.names if a.name not in SAFE_YAML]
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "yaml":
                found += [f"{path.name}:{node.lineno} yaml.{node.attr}"] * (node.attr not in SAFE_YAML)
    assert found == []
