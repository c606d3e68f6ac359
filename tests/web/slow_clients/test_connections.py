"""The judgement of a connection by what the kernel has counted."""

from collections.abc import Iterable

from web.slow_clients.connections import IDLE, LEAST_RATE, SILENT, SLOW_READER, SLOW_REQUEST, Connection, Counts

TICK = 2.0
REQUEST = 200  # bytes
FULL = 4_000_000  # bytes that wait to be sent


def judge(looks: Iterable[Counts], complete_times: tuple[float, ...] = ()) -> tuple[str, float]:
    """Look at a connection every two seconds; return the judgement, and the time at which it came."""
    connection = Connection(changed=0.0)
    now = 0.0
    for counts in looks:
        reason = connection.judge(now, counts, complete_times)
        if reason:
            return reason, now
        now += TICK
    return "", now


def still(counts: Counts, looks: int = 60) -> list[Counts]:
    return [counts] * looks


def test_a_connection_that_says_nothing_is_ended_within_15_seconds() -> None:
    reason, when = judge(still(Counts(0, 0, 0)))
    assert reason == SILENT
    assert when <= 12


def test_a_byte_a_second_is_too_slow_for_headers_and_for_a_body() -> None:
    reason, when = judge(Counts(REQUEST + 2 * at, 0, 0) for at in range(60))
    assert reason == SLOW_REQUEST
    assert when <= 18


def test_a_body_that_slows_down_after_a_fast_beginning_is_noticed() -> None:
    fast = [Counts(at * 10_000_000, 0, 0) for at in range(20)]
    slow = [Counts(200_000_000 + at, 0, 0) for at in range(60)]
    reason, when = judge([*fast, *slow])
    assert reason == SLOW_REQUEST
    assert when <= 40 + 32


def test_a_body_at_the_least_rate_is_let_in() -> None:
    assert judge(Counts(REQUEST + int(LEAST_RATE * TICK) * at, 0, 0) for at in range(300))[0] == ""


def test_a_body_that_stops_coming_is_noticed() -> None:
    reason, when = judge(still(Counts(REQUEST, 0, 0)))
    assert reason == SLOW_REQUEST
    assert when <= 18


def test_who_waits_for_an_answer_is_left_alone_while_the_call_is_under_way() -> None:
    assert judge(still(Counts(REQUEST, 0, 0)), (0.5,))[0] == ""


def test_the_wait_of_another_call_protects_nobody() -> None:
    assert judge(still(Counts(REQUEST, 0, 0)), (30.0,))[0] == SLOW_REQUEST


def test_a_client_that_calls_now_and_then_is_left_alone() -> None:
    calls = [Counts(REQUEST * at, 300 * at, 0) for at in range(1, 20)]
    pauses = [look for counts in calls for look in still(counts, 15)]
    assert judge(pauses)[0] == ""


def test_a_call_that_arrives_just_before_a_look_is_not_old() -> None:
    looks = [*still(Counts(REQUEST, 300, 0), 30), Counts(2 * REQUEST, 300, 0), *still(Counts(2 * REQUEST, 600, 0), 30)]
    assert judge(looks)[0] == ""


def test_an_idle_connection_is_closed_after_a_while() -> None:
    reason, when = judge(still(Counts(REQUEST, 300, 0)))
    assert reason == IDLE
    assert when <= 78


def test_a_stream_of_events_is_not_idle() -> None:
    assert judge(Counts(REQUEST, 300 + 14 * (at // 7), 0) for at in range(300))[0] == ""


def test_an_answer_that_nobody_reads_is_ended() -> None:
    reason, when = judge(still(Counts(REQUEST, 60_000, FULL)))
    assert reason == SLOW_READER
    assert when <= 22


def test_an_answer_that_is_read_byte_by_byte_is_ended() -> None:
    assert judge(Counts(REQUEST, 60_000 + at, FULL) for at in range(60))[0] == SLOW_READER


def test_an_answer_at_the_least_rate_goes_on() -> None:
    assert judge(Counts(REQUEST, int(LEAST_RATE * TICK) * at, FULL) for at in range(300))[0] == ""
