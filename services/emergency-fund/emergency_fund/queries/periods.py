"""The instant or the days that a caller asks about: refused with the way out where the ledger cannot tell of them."""

from datetime import date, datetime

from emergency_fund.rules.periods import FIRST_DAY, MOST_STATEMENT_DAYS, Days, is_on_record
from shared.problems import Problem


def instant_on_record(at: datetime | None, *, now: datetime) -> datetime | None:
    """`at` itself. Raises Problem 422 `instant_not_on_record` before the first day of the ledger and in the future."""
    if at is None or is_on_record(at, now=now):
        return at
    raise Problem(
        422,
        "instant_not_on_record",
        "账本没有该时点的记录",
        f"时点须在 {FIRST_DAY}（北京时间）至此刻 {now.isoformat()} 之间",
        field="query.at",
        value=at.isoformat(),
        way_out="请改用此范围内的时点；查询当前余额请不带 at",
    )


def days_from_to(first: date, last: date) -> Days:
    """The days. Raises Problem 422 `days_out_of_order`."""
    if last < first:
        raise Problem(
            422,
            "days_out_of_order",
            "起始日期晚于截止日期",
            f"from 为 {first}，to 为 {last}",
            field="query.to",
            value=last,
            way_out="请使 from 不晚于 to",
        )
    return Days(first, last)


def days_of_statement(on: date | None, first: date | None, last: date | None, *, today: date) -> Days:
    """One day, or several: today when nothing is said. Raises Problem 422 unless it is either, and for too many."""
    if on is None and first is None and last is None:
        return Days(today, today)
    if on is not None and first is None and last is None:
        return Days(on, on)
    if on is not None or first is None or last is None:
        raise Problem(
            422,
            "day_or_days",
            "日期条件不完整或重复",
            "须给出 on，或者同时给出 from 和 to",
            field="query",
            way_out="查询一天用 on；查询一段日期用 from 和 to；均不带则为今天",
        )
    days = days_from_to(first, last)
    if days.count > MOST_STATEMENT_DAYS:
        raise Problem(
            422,
            "too_many_days",
            "查询的日期范围过长",
            f"{first} 至 {last} 共 {days.count} 天，至多 {MOST_STATEMENT_DAYS} 天",
            field="query.to",
            value=last,
            way_out="请分段查询，或改用导出",
        )
    return days
