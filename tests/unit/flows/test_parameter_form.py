"""The form is what the docstring says; a parameter that it does not tell of is refused, and so is a call beyond it."""

import inspect

import pytest

from contracts.errors import UsageError
from flows.erase_requested import erase_requested
from flows.parameter_form import Bounds, described_parameters, with_form
from flows.score import score_clients
from flows.train import train_model


def test_descriptions_bounds_and_defaults_stand_in_the_signature():
    @with_form(limit=Bounds(1, 9))
    def work(limit: int = 3, name: str | None = None) -> None:
        """Work.

        Parameters
        ----------
        limit
            How many, of
            all.
        name : str
            Whose ``name``.

        Returns
        -------
        None
            Nothing.
        """

    fields = {name: parameter.default for name, parameter in inspect.signature(work).parameters.items()}
    assert (fields["limit"].default, fields["limit"].description) == (3, "How many, of all.")
    assert fields["limit"].json_schema_extra == {"minimum": 1, "maximum": 9}
    assert (fields["name"].default, fields["name"].description) == (None, "Whose name.")


def test_a_docstring_without_parameters_describes_none():
    assert described_parameters("Do.\n\nReturns\n-------\nint\n    A number.") == {}


@pytest.mark.parametrize("bounds", [{}, {"other": Bounds(0, 1)}])
def test_what_is_not_described_is_refused(bounds):
    def told(limit: int = 3) -> None:
        """Work.

        Parameters
        ----------
        limit
            How many.
        """

    def untold(limit: int = 3) -> None:
        """Work."""

    with pytest.raises(ValueError, match="no description or default"):
        with_form(**bounds)(told if bounds else untold)


def test_a_call_beyond_the_bounds_names_all_that_is_wrong():
    @with_form(limit=Bounds(1, 9), tries=Bounds(0, 2))
    def work(limit: int = 3, tries: int = 0) -> int:
        """Work.

        Parameters
        ----------
        limit
            How many.
        tries
            How often.
        """
        return limit * 10 + tries

    assert (work(), work(1, tries=2), work(limit=9)) == (30, 12, 90)
    with pytest.raises(UsageError) as refused:
        work(10, tries=-1)
    assert str(refused.value).splitlines() == [
        "limit: a whole number from 1 to 9 is needed",
        "tries: a whole number from 0 to 2 is needed",
    ]


@pytest.mark.parametrize(
    ("flow", "given"),
    [(erase_requested, {"limit": 100_000}), (score_clients, {"retries": 99}), (train_model, {"dates": 25})],
)
def test_a_flow_refuses_what_its_form_would(flow, given):
    """Whoever calls it, before it opens anything."""
    with pytest.raises(UsageError, match=f"^{next(iter(given))}: a whole number from"):
        flow.fn(**given)
