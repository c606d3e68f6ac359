"""The benchmarks' charts are honest and well formed, and the parts of a row's cost are read as they are written."""

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests import ROOT
from tests.bench import charts, sampler, statements, where
from tests.bench.charts import Bar, Point
from tests.bench.sampler import Function, Sample

SVG = "{http://www.w3.org/2000/svg}"
LOG = """2026-11-26 05:00:00.000 UTC [1] LOG:  QUERY STATISTICS
2026-11-26 05:00:00.000 UTC [1] DETAIL:  ! system usage stats:
	!	0.004000 s user, 0.001000 s system, 0.009000 s elapsed
	!	[0.045214 s user, 0.013120 s system total]
	!	2048 kB max resident size
2026-11-26 05:00:00.000 UTC [1] STATEMENT:  COPY links ("slug",
	"url") FROM STDIN
2026-11-26 05:00:00.000 UTC [1] LOG:  EXECUTE MESSAGE STATISTICS
2026-11-26 05:00:00.000 UTC [1] DETAIL:  ! system usage stats:
	!	0.000200 s user, 0.000000 s system, 0.000300 s elapsed
	!	[0.045214 s user, 0.013120 s system total]
2026-11-26 05:00:00.000 UTC [1] STATEMENT:  UPDATE shards SET status = $1
2026-11-26 05:00:00.000 UTC [1] LOG:  checkpoint starting: time
"""


def test_the_bars_of_a_chart_are_as_long_as_their_shares(tmp_path: Path) -> None:
    path = tmp_path / "bars.svg"
    charts.write_bars(path, "Speed <of> rows", [Bar("slow", 25, "rows/s"), Bar("fast", 100, "rows/s")])
    svg = ElementTree.parse(path).getroot()
    lengths = [float(bar.get("width", "0").rstrip("%")) for bar in svg.iter(f"{SVG}rect")][1:]
    assert lengths[0] == pytest.approx(lengths[1] / 4, abs=0.1)
    texts = [text.text for text in svg.iter(f"{SVG}text")]
    assert texts == ["Speed <of> rows", "slow", "25 rows/s", "fast", "100 rows/s"]


def test_the_axes_of_a_line_begin_at_zero(tmp_path: Path) -> None:
    path = tmp_path / "line.svg"
    charts.write_line(path, "Memory", "rows", "MB", [Point(0, 90), Point(5, 100), Point(10, 95)])
    svg = ElementTree.parse(path).getroot()
    labels = [text.text for text in svg.iter(f"{SVG}text") if text.get("class") == "small"]
    assert labels.count("0") == 2
    assert "100" in labels
    (line,) = svg.iter(f"{SVG}polyline")
    assert len(line.get("points", "").split()) == 3


@pytest.mark.parametrize(("value", "end"), [(3, 4), (190_000, 200_000), (100, 100), (0.7, 0.8), (8.1, 10)])
def test_an_axis_ends_at_a_round_number(value: float, end: float) -> None:
    assert charts.round_up(value) == pytest.approx(end)


def test_the_costs_of_statements_are_read_from_the_log_of_the_server(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(f"earlier lines\n{LOG}")
    seconds = statements.read_seconds(log, offset=0)
    assert seconds == {"write links": pytest.approx(0.005), statements.OTHER: pytest.approx(0.0002)}


def test_a_sample_counts_for_the_innermost_function_of_ours() -> None:
    functions = [
        Function("/usr/lib/python3/csv.py", "reader"),
        Function(str(ROOT / "producer" / "intake" / "reading.py"), "read_batch"),
        Function(str(ROOT / "workers" / "shards" / "create.py"), "create"),
    ]
    costs = where.sum_samples([Sample(5.0, 0.25, functions), Sample(50.0, 1.0, functions)], start=0, end=10)
    assert costs.python == {"read the cells of a shard": 0.25}
    assert costs.functions == {Function("producer/intake/reading.py", "read_batch"): 0.25}


def test_a_process_that_is_sampled_writes_what_it_does(tmp_path: Path) -> None:
    program = (
        f"import time; from pathlib import Path; from tests.bench import sampler\n"
        f"def work():\n    while time.process_time() < end: pass\n"
        f"sampler.start(Path({str(tmp_path)!r})); end = time.process_time() + 0.1; work()"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", program], env=environment, cwd=ROOT, check=True, timeout=60)
    samples = sampler.read(tmp_path)
    assert sum(sample.seconds for sample in samples) > 0.05
    assert any(function.name == "work" for sample in samples for function in sample.functions)
