"""The form is what the docstring says, and a parameter that it does not tell of is refused."""

import inspect

import pytest

from flows.parameter_form import Bounds, described_parameters, with_form


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
