"""Passwords of a whole job: in each worker process one hash for each that differs, and none kept in clear."""

import time
from collections import Counter

from models.links import passwords
from tests.system import System
from tests.waiting import wait_until

INTERACTIVE_PROCESSES = 2
MANY = 100  # passwords: some seconds for workers that leave the processor to all others


def test_equal_passwords_of_a_job_share_one_hash_and_others_do_not(system: System) -> None:
    rows = "".join(f"https://example.com/{row},secret-{row % 3}\n" for row in range(900))
    began = time.monotonic()
    job = system.wait_for_job(system.post_csv("url,password\n" + rows))
    assert (job["outcome"], time.monotonic() - began < 10) == ("succeeded", True)
    found = system.sql(f"SELECT password_hash, count(*) FROM links WHERE job_id = {job['id']} GROUP BY 1")
    assert len(found) <= 3 * INTERACTIVE_PROCESSES
    rows_of_password: Counter[int] = Counter()
    for kept, count in found:
        (which,) = (which for which in range(4) if passwords.verify(f"secret-{which}", kept))
        rows_of_password[which] += count
    assert rows_of_password == {0: 300, 1: 300, 2: 300}


def test_nobody_waits_behind_a_job_of_many_different_passwords(system: System) -> None:
    rows = "".join(f"https://example.com/{row},secret-{row}\n" for row in range(MANY))
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
