"""What the API says: schemas, documents, lists, results files and QR codes."""
