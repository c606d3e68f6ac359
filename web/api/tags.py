"""`/api/tags`: names for links that belong together. A link may have many."""

from models.links.labels import TAGS
from producer.documents import schemas
from web.api import labels

blueprint = labels.resource(TAGS, schemas.TagRequest, schemas.TagChange, after_delete="without it")
