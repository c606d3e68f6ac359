"""/openapi.json is valid, and says what a reader and a generator of clients need."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from openapi_spec_validator import OpenAPIV31SpecValidator

from producer.change_options import SETTABLE
from tests.web.openapi.test_examples import find_problem, load_schema, operations
from web.openapi import examples


def parameters() -> Iterator[tuple[str, Any]]:
    """Every parameter of every operation, after the name of its call."""
    for call, operation in operations():
        path = call.partition(" ")[2]
        of_path = load_schema()["paths"][path].get("parameters", [])
        yield from ((call, parameter) for parameter in of_path + operation.get("parameters", []))


def test_the_description_is_valid() -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(load_schema()).iter_errors()] == []


def test_every_operation_has_an_id_of_its_own_and_a_summary() -> None:
    ids = Counter(operation.get("operationId") for _, operation in operations())
    assert None not in ids
    assert [name for name, times in ids.items() if times > 1] == []
    assert [call for call, operation in operations() if not operation.get("summary")] == []


def test_a_change_by_query_describes_every_field_that_it_can_set() -> None:
    assert set(load_schema()["components"]["schemas"]["LinkValues"]["properties"]) == set(SETTABLE)


def test_every_operation_says_which_key_it_needs() -> None:
    assert [call for call, operation in operations() if "security" not in operation] == []


def test_every_parameter_has_a_description_and_an_example_that_conforms() -> None:
    incomplete = [
        f"{call} {parameter['name']}"
        for call, parameter in parameters()
        if not parameter["description"] or find_problem(parameter["schema"], parameter.get("example"))
    ]
    assert incomplete == []


def test_the_parameters_of_an_upload_do_not_share_a_description() -> None:
    texts = Counter(parameter["description"] for call, parameter in parameters() if call == "POST /api/jobs")
    assert len(texts) > 20
    assert set(texts.values()) == {1}


def test_there_is_no_text_for_a_parameter_that_does_not_exist() -> None:
    names = {parameter["name"] for _, parameter in parameters()}
    calls = {call for call, _ in parameters()}
    assert set(examples.PARAMETERS) - {"*"} <= calls
    assert {name for texts in examples.PARAMETERS.values() for name in texts} <= names


def test_the_introduction_explains_keys_errors_repetition_and_limits() -> None:
    description = load_schema()["info"]["description"]
    for title in ("Authentication", "Errors", "Idempotency", "Limits"):
        assert f"## {title}\n" in description
    assert load_schema()["servers"]
