"""Posts a CSV text by the client that openapi-python-client generated. Prints the job's id."""

import sys
from io import BytesIO

from generated import AuthenticatedClient  # type: ignore[import-not-found]
from generated.api.jobs import create_job  # type: ignore[import-not-found]
from generated.models import FileUpload, FileUploadMetadata  # type: ignore[import-not-found]
from generated.types import File  # type: ignore[import-not-found]

url, token, csv = sys.argv[1:]
file = File(payload=BytesIO(csv.encode()), file_name="urls.csv", mime_type="text/csv")
metadata = FileUploadMetadata.from_dict({"campaign": "spring"})
client = AuthenticatedClient(base_url=url, token=token, raise_on_unexpected_status=True)
print(create_job.sync(client=client, body=FileUpload(file=file, metadata=metadata)).id)
