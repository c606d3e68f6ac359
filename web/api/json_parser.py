"""Bodies that a schema describes: read as JSON, whatever their content type says, and never without a limit."""

from typing import Any

import flask_smorest
import msgspec
from flask import Request
from marshmallow import Schema
from webargs.flaskparser import FlaskParser

from models.errors import BrokenJson
from producer.intake import json_bodies
from producer.intake.layouts import BOM
from web.bodies import chunks

LARGEST = 1 << 20


class JsonParser(FlaskParser):
    """flask-smorest's parser. An empty body is an error: it would look like one without changes."""

    def load_json(self, req: Request, schema: Schema) -> Any:
        body = json_bodies.read_all(chunks(req), LARGEST)
        try:
            return json_bodies.decode_json(json_bodies.any_decoder, body.removeprefix(BOM))
        except RecursionError:
            raise BrokenJson("The body is nested too deeply.") from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BrokenJson(f"The body is not valid JSON: {error}.") from None


class Blueprint(flask_smorest.Blueprint):
    ARGUMENTS_PARSER = JsonParser()
