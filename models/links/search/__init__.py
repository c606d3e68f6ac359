"""Search of links by a part of their slug, URL or title: a filter for each block of links says where it may be."""
