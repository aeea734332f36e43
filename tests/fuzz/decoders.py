"""Which functions of the product turn bytes or text into values: found in its source, by what they call.

The calls looked for are those by which anything from outside becomes a value: of JSON, BSON, Parquet, CSV, dates,
UUIDs, numbers in text, base64, URLs, structures of bytes, keys. A parser that uses none of them parses nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGES = ("contracts", "escore", "extract", "features", "models", "serve", "stores", "flows", "population")
DECODERS = frozenset(
    [
        *("json.loads", "json.load", "model_validate_json", "read_json", "from_json", "decode", "bson.decode"),
        *("fromisoformat", "strptime", "UUID", "Decimal", "unpack", "unpack_from", "from_bytes", "fromhex"),
        *("unhexlify", "b64decode", "urlsafe_b64decode", "decrypt", "decrypt_at_time", "extract_timestamp"),
        *("csv.reader", "csv.DictReader", "csv.read_csv", "ParquetFile", "read_schema", "pq.read_table", "Reader"),
        *("urlsplit", "parse_url", "make_url", "parse_qsl", "unquote_to_bytes", "parse_stream", "from_jwk"),
        "load_pem_private_key",
    ]
)
"""Names of functions and methods, with what stands before the dot where the name alone says too little."""

_BARE = frozenset(name for name in DECODERS if "." not in name)


def decoding_functions(root: Path) -> frozenset[str]:
    """Return the functions that call a decoder, as ``module:qualified.name``; a call with constants alone is none."""
    found = set()
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            module = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
            tree = ast.parse(path.read_text("utf-8"))
            found |= {f"{module}:{name}" for name, node in _functions(tree, "") if any(map(_decodes, _own_nodes(node)))}
    return frozenset(found)


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.AST]]:
    """Yield every outermost function and method of a module; what is defined within one counts as its own."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{prefix}{child.name}", child


def _own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    return ast.walk(node)


def _decodes(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or (node.args and all(isinstance(item, ast.Constant) for item in node.args)):
        return False
    if isinstance(node.func, ast.Name):
        return node.func.id in _BARE
    if not isinstance(node.func, ast.Attribute):
        return False
    owner = node.func.value
    before = owner.id if isinstance(owner, ast.Name) else ""
    return node.func.attr in _BARE or f"{before}.{node.func.attr}" in DECODERS
