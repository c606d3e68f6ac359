"""What a workspace owns. API, vendors and dashboard create, list, change and delete it through these modules."""
