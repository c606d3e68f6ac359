"""The tests, in folders that mirror those of the code; benchmarks, chaos and attacks have commands of their own."""

from pathlib import Path

ROOT = Path(__file__).parent.parent
