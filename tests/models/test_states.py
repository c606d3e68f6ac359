"""States: what each kind of job can come to."""

from models import states


def test_every_kind_of_job_says_which_statuses_its_items_can_have() -> None:
    assert states.STATUSES_BY_KIND.keys() == set(states.JobKind)
    for statuses in states.STATUSES_BY_KIND.values():
        assert states.ItemStatus.UNPROCESSED in statuses
