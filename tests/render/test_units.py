import pytest

from collector.model import count
from collector.render.units import age, between, duration, lasting, listing, on_the_day, rfc3339, short

DURATIONS = [
    (None, "-", "-"),
    (0, "0 s", "0 s"),
    (0.04, "0 s", "0 s"),
    (0.44, "0.4 s", "0.4 s"),
    (9.94, "9.9 s", "9.9 s"),
    (9.97, "10 s", "10 s"),
    (12.6, "12 s", "12 s"),
    (59.99, "59 s", "59 s"),
    (60, "1 min", "1 min"),
    (3599, "59 min", "59 min"),
    (3600, "1 h", "1 h"),
    (11520, "3 h 12 min", "3 h"),
    (86400, "1 d", "1 d"),
    (2 * 86400 + 4 * 3600 + 59, "2 d 4 h", "2 d"),
    (-0.4, "-0.4 s", "-0.4 s"),
    (-4000, "-1 h 6 min", "-1 h"),
]


@pytest.mark.parametrize(("seconds", "long", "brief"), DURATIONS)
def test_durations_read_well(seconds, long, brief):
    assert (duration(seconds), short(seconds)) == (long, brief)


def test_age_is_never_negative_since_a_clock_may_be_off():
    assert age("2026-11-24T06:23:42Z", "2026-11-24T06:23:41Z") == "0 s"


def test_unknown_age_is_a_dash():
    assert age(None, "2026-11-24T06:23:41Z") == "-"


def test_moments_are_rfc_3339_in_utc():
    assert rfc3339(1795501421.5) == "2026-11-24T06:23:41.500Z"
    assert rfc3339(None) is None


def test_one_is_not_plural():
    assert (count(1, "node"), count(0, "node"), count(2, "node")) == ("1 node", "0 nodes", "2 nodes")


NOW = "2026-11-24T06:00:00Z"
HALF_PAST_2, JUST_AFTER, AT_5, AT_4 = (f"2026-11-24T{time}Z" for time in ("02:30:00", "02:35:00", "05:00:00", "04:00:00"))
LASTING = [
    ((None, None), "", ""),
    ((AT_5, None), "for at least 1 h", "since 2026-11-24 05:00:00 UTC or before"),
    ((None, AT_5), "for at most 1 h", "since 2026-11-24 05:00:00 UTC at the earliest"),
    ((AT_5, AT_4), "for 1 h to 2 h", "since between 2026-11-24 04:00:00 UTC and 2026-11-24 05:00:00 UTC"),
    ((JUST_AFTER, HALF_PAST_2), "for 3 h 30 min", "since between 2026-11-24 02:30:00 UTC and 2026-11-24 02:35:00 UTC"),
    ((AT_5, AT_5), "for 1 h", "since 2026-11-24 05:00:00 UTC"),
    (("2026-11-24T06:00:09Z", "2026-11-24T06:00:09Z"), "for 0 s", "since 2026-11-24 06:00:09 UTC"),
]


@pytest.mark.parametrize(("bounds", "age_", "moments"), LASTING)
def test_bounded_ages_are_shown_with_their_bounds(bounds, age_, moments):
    assert (lasting(*bounds, NOW), between(*bounds)) == (age_, moments)


def test_a_time_on_another_day_has_its_date():
    assert on_the_day(AT_5, NOW) == "05:00:00"
    assert on_the_day("2026-11-21T05:00:00Z", NOW) == "Nov 21 05:00:00"
    assert on_the_day(None, NOW) == "-"


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b", "c"], "a, b, c"),
        (["a", "b", "c", "d", "e"], "a, b, c and 2 more"),
        (["a", "b", "a", "a"], "a (3 times), b"),
    ],
)
def test_listed_names_are_unique_and_the_rest_counted(names: list[str], words: str) -> None:
    assert listing(names, 3) == words
