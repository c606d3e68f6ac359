"""A file without a URL column: the option that would choose one."""

import pytest

from linkmill.commands import column_advice
from linkmill.errors import RequestRefused
from models.errors import NoUrlColumn
from producer.intake.headers import find_url_column

NO_CELLS: list[list[str]] = []
TWO_URLS = [["https://a.example", "https://b.example"]]


@pytest.mark.parametrize(
    ("columns", "rows", "option"),
    [
        (["SKU", "Product URL"], NO_CELLS, '--map url="Product URL"'),
        (["Linked", "Short url", "x"], NO_CELLS, '--map url="Short url"'),
        (["a", "b"], NO_CELLS, '--map url="a"'),
        (["$(reboot) [link]"], NO_CELLS, "--map url='$(reboot) [link]'"),
        (["from", "to"], TWO_URLS, '--map url="from"'),
    ],
)
def test_the_likeliest_column_is_suggested(columns: list[str], rows: list[list[str]], option: str) -> None:
    with pytest.raises(NoUrlColumn) as refused:
        find_url_column(columns, rows, {})
    refusal = RequestRefused("refused", 422, {"code": refused.value.code, "errors": refused.value.errors})
    assert refusal.code == column_advice.NO_URL_COLUMN
    assert column_advice.explain(refusal) == f"{refused.value} Try {option}"
