"""The main road, from a file to links that redirect."""

from tests.system import System


def test_a_file_becomes_links_that_redirect(system: System) -> None:
    job = system.wait_for_job(
        system.post_csv("url,title\nhttps://example.com/a,A\nnot a url,B\nhttps://example.com/c,C\n")
    )
    assert (job["status"], job["outcome"]) == ("completed", "partial")
    results = {"created": 2, "updated": 0, "deleted": 0, "existing": 0, "failed": 1, "unprocessed": 0}
    assert job["counts"] == {"total": 3, "processed": 3} | results
    assert job["errors"] == {"INVALID_URL": 1}
    first, second, third = system.items(job)
    assert (first["status"], second["error"]["code"], third["line"]) == ("created", "INVALID_URL", 4)
    answer = system.client.get(first["short_url"])
    assert (answer.status_code, answer.headers["Location"]) == (302, "https://example.com/a")
