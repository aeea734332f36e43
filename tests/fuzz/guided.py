"""The engine that follows coverage: Atheris (libFuzzer) changes what reached new lines of the product.

``python -m tests.fuzz.guided TARGET FOLDER [libFuzzer's options]`` is a process of the long form. Atheris is in the
extra ``fuzz``: a wheel of 35 MB that nothing else needs.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from random import Random

PACKAGES = ["contracts", "escore", "extract", "features", "models", "serve", "stores", "flows", "population"]
OWN_SHARE = 0.5
"""Share of the changes that are the samples' own kind (``mutation``); the rest is libFuzzer's."""

MOST_BYTES = 1 << 16


def main(name: str, folder: str, *options: str) -> None:
    """Run libFuzzer on a target; it ends the process itself."""
    import atheris  # noqa: PLC0415 - an extra

    with atheris.instrument_imports(include=PACKAGES, enable_loader_override=False):
        from tests.fuzz.inventory import find_target  # noqa: PLC0415 - imports what is instrumented

        target = find_target(name)
    from tests.fuzz.drawn import limit_memory  # noqa: PLC0415
    from tests.fuzz.mutation import mutated  # noqa: PLC0415
    from tests.fuzz.target import run_case  # noqa: PLC0415

    logging.disable(logging.WARNING)
    seeds = list(target.seeds())
    for number, sample in enumerate(seeds):
        (Path(folder) / f"amostra-{number:03d}").write_bytes(sample)

    def change(data: bytes, most: int, number: int) -> bytes:
        rng = Random(number)
        if rng.random() < OWN_SHARE:
            return mutated(data, rng, seeds, target.tokens)[:most]
        return bytes(atheris.Mutate(data, most))

    limit_memory()
    arguments = [sys.argv[0], f"-max_len={MOST_BYTES}", *options, folder]
    atheris.Setup(arguments, lambda data: run_case(target, data), custom_mutator=change)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
