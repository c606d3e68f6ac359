"""`/api/groups`: names for links that belong together. A link has one at most."""

from models.links.labels import GROUPS
from producer.documents import schemas
from web.api import labels

blueprint = labels.resource(GROUPS, schemas.GroupRequest, schemas.GroupChange, after_delete="without a group")
