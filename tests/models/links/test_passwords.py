"""Passwords of links: a hash fits its password and no other."""

from models.links import passwords


def test_a_hash_fits_its_password_only() -> None:
    password_hash = passwords.hash_password("Geheim-ß")
    assert passwords.verify("Geheim-ß", password_hash)
    for wrong in ("", "geheim-ß", "Geheim-ß ", "\0"):
        assert not passwords.verify(wrong, password_hash)


def test_a_hash_is_salted_and_does_not_contain_the_password() -> None:
    first = passwords.hash_password("secret")
    second = passwords.hash_password("secret")
    assert first != second
    assert "secret" not in first


def test_the_cost_is_the_minimum_that_owasp_recommends() -> None:
    assert passwords.hash_password("secret").startswith("$argon2id$v=19$m=19456,t=2,p=1$")
