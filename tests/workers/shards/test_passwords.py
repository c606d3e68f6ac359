"""Passwords of a whole job: one hash for each that differs, and none kept in clear."""

import time

from models.links import passwords
from tests.system import System
from tests.waiting import wait_until


def test_equal_passwords_of_a_job_share_one_hash_and_others_do_not(system: System) -> None:
    rows = "".join(f"https://example.com/{row},secret-{row % 3}\n" for row in range(900))
    began = time.monotonic()
    job = system.wait_for_job(system.post_csv("url,password\n" + rows))
    assert (job["outcome"], time.monotonic() - began < 10) == ("succeeded", True)
    found = system.sql(f"SELECT password_hash, count(*) FROM links WHERE job_id = {job['id']} GROUP BY 1")
    assert [count for _, count in found] == [300, 300, 300]
    assert all(any(passwords.verify(f"secret-{which}", kept) for which in range(3)) for kept, _ in found)
    assert not [kept for kept, _ in found if passwords.verify("secret-9", kept)]


def test_nobody_waits_behind_a_job_of_many_different_passwords(system: System) -> None:
    rows = "".join(f"https://example.com/{row},secret-{row}\n" for row in range(400))
    slow = system.post_csv("url,password\n" + rows)
    wait_until(lambda: system.job(slow.json()["id"])["status"] == "running", 10)
    made = [system.post({"url": "https://a.b"}, "/api/links") for _ in range(3)]
    assert [answer.status_code for answer in made] == [201] * 3
    assert system.job(slow.json()["id"])["status"] == "running", "they came first"
    assert system.wait_for_job(slow)["outcome"] == "succeeded"
    ways = system.sql(f"SELECT queue, state, attempts FROM shards WHERE job_id = {slow.json()['id']}")
    assert ways == [("bulk", "done", 1)]


def test_the_same_password_in_two_jobs_has_two_hashes(system: System) -> None:
    kept = set()
    for _ in range(2):
        job = system.wait_for_job(system.post_csv("url,password\nhttps://a.b,same\n"))
        kept |= set(system.sql(f"SELECT password_hash FROM links WHERE job_id = {job['id']}"))
    assert len(kept) == 2
