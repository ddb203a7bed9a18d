import pytest

from collector.render.units import age, count, duration, rfc3339, short

DURATIONS = [
    (None, "-", "-"),
    (0, "0 s", "0 s"),
    (0.04, "0 s", "0 s"),
    (0.44, "0.4 s", "0.4 s"),
    (9.97, "9 s", "9 s"),
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
