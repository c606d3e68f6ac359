"""Files that a system reads: small plans, and the country of an address."""

from pathlib import Path

import netaddr  # type: ignore[import-untyped]
from mmdb_writer import MMDBWriter

from producer.visits import visitor

PLANS = """
[calls]
bulk_calls_per_hour = 10
[few]
total_links = 3
links_per_day = 5
[daily]
links_per_day = 3
[hourly]
links_per_hour = 3
[many]
links_per_hour = {hour}
links_per_day = {day}
total_links = {total}
[roomy]
total_links = {roomy}
[wide.batch]
awsys = 0
url_shortify = 2
"""
ADDRESS_WITH_COUNTRY = "203.0.113.77"
COUNTRY = "NZ"


def write_plans(folder: Path, shard_rows: int) -> Path:
    """Write plans whose larger limits are a few shards of the store."""
    path = folder / "plans.toml"
    hour = many_links(shard_rows)
    path.write_text(PLANS.format(hour=hour, day=hour + 1000, total=hour + 2000, roomy=roomy_links(shard_rows)))
    return path


def many_links(shard_rows: int) -> int:
    """The links an hour of the plan `many`."""
    return round(2.8 * shard_rows)


def roomy_links(shard_rows: int) -> int:
    """The links of the plan `roomy`."""
    return 8 * shard_rows


def write_countries(data_dir: Path) -> None:
    writer = MMDBWriter(ip_version=4, database_type="GeoLite2-Country")
    writer.insert_network(netaddr.IPSet([f"{ADDRESS_WITH_COUNTRY}/32"]), {"country": {"iso_code": COUNTRY}})
    writer.to_db_file(str(data_dir / visitor.COUNTRIES_FILE))
