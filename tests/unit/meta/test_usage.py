"""The announced time until calls are accepted again, from headers of any quality."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaiwa.meta.usage import Usage, regain, usage

WEEK = timedelta(days=7)


@pytest.mark.parametrize(
    ("header", "minutes"),
    [
        (None, None),
        ("", None),
        ("{}", None),
        ('{"1":[{"type":"messenger","call_count":100,"estimated_time_to_regain_access":19}]}', 19),
        ('{"1":[{"type":"messenger","call_count":10,"estimated_time_to_regain_access":0}]}', None),
        ('{"1":[{"estimated_time_to_regain_access":1.5}]}', 1.5),
        ('{"1":[{"estimated_time_to_regain_access":3},{"estimated_time_to_regain_access":7}],"2":[{}]}', 7),
        ('{"1":[{"estimated_time_to_regain_access":3}],"2":[{"estimated_time_to_regain_access":5}]}', 5),
        # Meta's own sample names one object twice
        ('{"1":[{"estimated_time_to_regain_access":9}],"1":[{"estimated_time_to_regain_access":5}]}', 9),
        ('{"1":[{"estimated_time_to_regain_access":9}],"1":{"estimated_time_to_regain_access":5}}', None),
        ('{"1":[{"estimated_time_to_regain_access":true}]}', None),
        ('{"1":[{"estimated_time_to_regain_access":"19"}]}', None),
        ('{"1":[{"estimated_time_to_regain_access":-1}]}', None),
        ('{"1":[{"estimated_time_to_regain_access":NaN},{"estimated_time_to_regain_access":2}]}', 2),
        ('{"1":[null,19,"x",[]]}', None),
        ('[{"estimated_time_to_regain_access":19}]', None),
        ("19", None),
        ("no json", None),
        ("[" * 100_000, None),
    ],
)
def test_table(header: str | None, minutes: float | None) -> None:
    """Promise 5. Breaks when the shortest or the last time is taken, or when the unit is another."""
    headers = {} if header is None else {"x-business-use-case-usage": header}
    assert regain(headers) == (None if minutes is None else timedelta(minutes=minutes))


@pytest.mark.parametrize("number", ["10081", "1e300", "Infinity", "9" * 400])
def test_no_number_is_too_large(number: str) -> None:
    """Breaks when a number overflows: the answer of a call that was made would be lost with it."""
    header = f'{{"1":[{{"estimated_time_to_regain_access":{number}}}]}}'
    assert regain({"x-business-use-case-usage": header}) == WEEK


@given(st.text())
def test_any_header_is_read_or_ignored(header: str) -> None:
    found = regain({"x-business-use-case-usage": header})
    assert found is None or timedelta() < found <= WEEK


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, None),
        ({"x-app-usage": '{"call_count":28,"total_time":25,"total_cputime":31}'}, Usage(app=31)),
        ({"x-app-usage": '{"call_volume":81,"cpu_time":7}'}, Usage(app=81)),
        ({"x-app-usage": "[1]"}, Usage()),
        (
            {"x-business-use-case-usage": '{"1":[{"type":"messenger","call_count":10,"total_cputime":85}]}'},
            Usage(account=85),
        ),
        (
            {
                "x-business-use-case-usage": '{"1":[{"type":"ads_insights","call_count":100}],"1":[{"call_count":9}]}'
            },
            Usage(account=9),
        ),
        (
            {
                "x-app-usage": '{"call_count":3}',
                "x-business-use-case-usage": '{"1":[{"type":"pages","total_time":100,'
                '"estimated_time_to_regain_access":2}]}',
            },
            Usage(account=100, app=3, regain=timedelta(minutes=2)),
        ),
    ],
)
def test_how_full_the_budgets_are(headers: dict[str, str], said: Usage | None) -> None:
    """Both hosts' keys; breaks when the budget of advertising slows messages down, or when a repeated key is lost."""
    assert usage(headers) == said
