"""What Prefect is told of a failure holds no value, neither in its text nor through its cause."""

import logging

import pytest

from contracts.errors import GateError, UnexpectedError
from flows.withheld import print_errors_in_one_line, values_withheld

SECRET = "52998224725"


@values_withheld
def fail_on(value: str) -> None:
    int(f"x{value}")


@values_withheld
def fail_on_purpose(value: str) -> None:
    try:
        int(f"x{value}")
    except ValueError as error:
        raise GateError("one line") from error


def test_a_strange_error_keeps_its_class_and_place_alone():
    with pytest.raises(UnexpectedError) as caught:
        fail_on(SECRET)
    assert str(caught.value).startswith("ValueError (text withheld) at ")
    assert "fail_on" in str(caught.value)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_our_own_error_keeps_its_text_and_loses_its_cause():
    with pytest.raises(GateError, match="one line") as caught:
        fail_on_purpose(SECRET)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_prefect_prints_no_traceback_of_our_errors(caplog):
    print_errors_in_one_line()
    logger = logging.getLogger("prefect.flow_runs")
    logger.addHandler(caplog.handler)
    try:
        raise GateError("one line")
    except GateError:
        logger.exception("it failed")
    finally:
        logger.removeHandler(caplog.handler)
    assert caplog.records[-1].exc_info is None
