"""What the API answers: schemas, documents, item pages, results files and QR codes."""
