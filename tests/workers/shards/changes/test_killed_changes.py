"""Jobs that change links lose nothing and do nothing twice when a process is killed in the middle, on both stores."""

from tests.chaos import changes
from tests.cost import Cost, measure_cost
from tests.system import System

MOST_ROWS = 20_000


def test_jobs_that_change_links_survive_their_processes(fragile_system: System) -> None:
    rows = fragile_system.rows_of(shards=2, most=MOST_ROWS)
    mark = changes.create_links(fragile_system, rows)
    update = changes.start_and_kill(fragile_system, changes.update_body(mark, rows), "update")
    changes.check_update(fragile_system, mark, rows, update)
    deletion = changes.start_and_kill(fragile_system, changes.deletion_body(mark, rows), "delete")
    changes.check_deletion(fragile_system, mark, rows, deletion)
    for job_id in (update, deletion):
        assert measure_cost(fragile_system, job_id) == Cost(rows, 0, 0, 0)
