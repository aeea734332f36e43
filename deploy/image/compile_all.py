"""Compiles the Python files below folders, to be believed without a look at them: ``compile_all.py FOLDER...``.

Unchecked: a folder that cannot be written to cannot change. What is no Python of this version, as some packages' test
data are, is left as it is: it was never imported.
"""

import compileall
import py_compile
import sys

LEVELS = 50

for folder in sys.argv[1:]:
    compileall.compile_dir(
        folder, maxlevels=LEVELS, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
    )
