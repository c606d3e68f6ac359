"""Fuzzes one target until a limit of libFuzzer's: `python -m tests.fuzz.guided TARGET FOLDER OPTIONS`."""

import sys
from importlib import import_module

MEASURED = ["producer.intake", "producer.fields", "web.multipart", "werkzeug.sansio.multipart"]

if __name__ == "__main__":
    atheris = import_module("atheris")  # installed by `make fuzz` alone
    with atheris.instrument_imports(include=MEASURED):
        targets = import_module("tests.fuzz.targets")
    atheris.Setup([sys.argv[0], *sys.argv[2:]], targets.TARGETS[sys.argv[1]])
    atheris.Fuzz()
