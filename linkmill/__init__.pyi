from .client import Client as Client
from .errors import ConnectionBroken as ConnectionBroken
from .errors import JobFailed as JobFailed
from .errors import LinkmillError as LinkmillError
from .errors import RequestRefused as RequestRefused
from .errors import ServerAway as ServerAway
from .errors import WaitTimeout as WaitTimeout
from .job import Job as Job

PLACES: dict[str, str]
__all__: list[str]
