from pathlib import Path

import pytest

from models import settings
from models.errors import SettingsError


def test_every_setting_has_a_default() -> None:
    defaults = settings.load({})
    assert (defaults.host, defaults.port, defaults.base_url) == ("127.0.0.1", 8000, "http://localhost:8000")
    assert (defaults.data_dir, defaults.flower_port, defaults.allowed_ports) == (
        Path("var").absolute(),
        5555,
        (80, 443),
    )
    assert (defaults.max_upload_bytes, defaults.sync_wait_seconds, defaults.retention_days) == (2 << 30, 25, 30)
    assert (defaults.workers >= 1, defaults.allow_private_targets, defaults.trusted_proxies) == (True, False, 0)
    assert defaults.database_url == f"sqlite:///{defaults.data_dir}/linkmill.db"
    assert defaults.redis_embedded
    assert defaults.redis_url.startswith("unix:///")


def test_an_empty_variable_means_the_default() -> None:
    assert settings.load({"PORT": " ", "REDIS_URL": ""}) == settings.load({})


def test_the_short_domain_follows_the_port() -> None:
    assert settings.load({"PORT": "9000"}).authority == "localhost:9000"


@pytest.mark.parametrize(
    ("value", "base_url"),
    [
        ("https://sho.rt", "https://sho.rt"),
        ("HTTPS://Sho.RT/", "https://sho.rt"),
        ("https://sho.rt:443", "https://sho.rt"),
        ("http://sho.rt:80/", "http://sho.rt"),
        ("http://sho.rt:8080", "http://sho.rt:8080"),
        ("https://münchen.de", "https://xn--mnchen-3ya.de"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_the_base_url_is_normalised(value: str, base_url: str) -> None:
    assert settings.load({"BASE_URL": value}).base_url == base_url


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"), ("PORT", "0"), ("PORT", "65536"), ("PORT", "٨٠"), ("FLOWER_PORT", "-1"),
        ("WORKERS", "0"), ("WORKERS", "two"), ("MAX_UPLOAD_BYTES", "2GiB"), ("MAX_UPLOAD_BYTES", "0"),
        ("SYNC_WAIT_SECONDS", "1.5"), ("RETENTION_DAYS", "-1"), ("TRUSTED_PROXIES", "yes"),
        ("ALLOW_PRIVATE_TARGETS", "true"), ("ALLOW_UNPROVEN_DOMAINS", "yes"),
        ("ALLOWED_PORTS", "80;443"), ("ALLOWED_PORTS", "80,"),
        ("BASE_URL", "sho.rt"), ("BASE_URL", "ftp://sho.rt"), ("BASE_URL", "https://sho.rt/path"),
        ("BASE_URL", "https://sho.rt?x"), ("BASE_URL", "https://sho.rt#x"), ("BASE_URL", "https://user@sho.rt"),
        ("BASE_URL", "https://"), ("BASE_URL", "https://sho.rt:99999"), ("BASE_URL", "https://sho rt"),
        ("DATABASE_URL", "mysql://x/y"), ("DATABASE_URL", "postgresql://host"), ("DATABASE_URL", "sqlite://"),
        ("REDIS_URL", "localhost:6379"), ("REDIS_URL", "amqp://host"), ("REDIS_URL", "sentinel://a;b"),
        ("BROKER_URL", "rabbit"), ("BROKER_URL", "sentinel://host:x"), ("UPLOADS_URL", "ftp://x"),
        ("UPLOADS_URL", "s3://"), ("UPLOADS_URL", "s3:///prefix"), ("FLOWER_BASIC_AUTH", "secret"),
        ("PLANS", "/nowhere.toml"), ("DATA_DIR", __file__),
    ],
)  # fmt: skip
def test_a_bad_value_is_reported_in_one_line_with_its_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings.load({name: value})
    line = str(caught.value)
    assert line.startswith(f"{name}=")
    assert (": expected " in line, "\n" in line) == (True, False)
    assert repr(value) in line or name == "FLOWER_BASIC_AUTH"


def test_the_broker_is_redis_unless_another_is_set() -> None:
    redis = settings.load({"REDIS_URL": "redis://host/1"})
    assert (redis.broker_url, redis.has_own_broker, redis.broker_is_redis) == ("redis://host/1", False, True)
    rabbitmq = settings.load({"REDIS_URL": "redis://host/1", "BROKER_URL": "amqp://me@host/links"})
    assert (rabbitmq.broker_url, rabbitmq.has_own_broker, rabbitmq.broker_is_redis) == (
        "amqp://me@host/links",
        True,
        False,
    )


def test_passwords_are_not_printed() -> None:
    for name, value in (("DATABASE_URL", "mysql://me:hunter2@x/y"), ("FLOWER_BASIC_AUTH", "hunter2")):
        with pytest.raises(SettingsError) as caught:
            settings.load({name: value})
        assert "hunter2" not in str(caught.value)


def test_a_postgresql_url_names_its_driver() -> None:
    for scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        assert settings.load({"DATABASE_URL": f"{scheme}://me@h:1/db"}).database_url == "postgresql+psycopg://me@h:1/db"


def test_a_socket_path_stays_short_enough_for_the_kernel() -> None:
    short, long = (settings.socket_path(Path("/", *["x" * 50] * folders)) for folders in (1, 4))
    assert short == Path("/", "x" * 50, "broker", "valkey.sock")
    assert len(bytes(long)) < 107
