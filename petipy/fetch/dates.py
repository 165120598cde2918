"""Dates as seconds since 1970, without the modules that are slow to import."""

import re

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE = re.compile(rf"\w+, (\d\d) ({'|'.join(_MONTHS)}) (\d{{4}}) (\d\d):(\d\d):(\d\d) GMT", re.A)


def count_days(year: int, month: int, day: int) -> int:
    """Return the days from 1970-01-01 to a date."""
    if month < 3:  # a year that begins in March has its leap day at the end
        year, month = year - 1, month + 12
    leap_days = year // 4 - year // 100 + year // 400
    return 365 * year + leap_days + (153 * month - 457) // 5 + day - 719469


def read_http_date(text: str) -> int | None:
    """Return the seconds since 1970 of a date such as Sun, 06 Nov 1994 08:49:37 GMT: RFC 9110."""
    if not (m := _DATE.fullmatch(text)):
        return None
    days = count_days(int(m[3]), _MONTHS.index(m[2]) + 1, int(m[1]))
    return 86400 * days + 3600 * int(m[4]) + 60 * int(m[5]) + int(m[6])
