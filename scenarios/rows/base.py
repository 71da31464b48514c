"""What rows of all tables share: the types of their cells."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from jiqun.model.dimensions import CITIES, FIELDS, STATUSES, TIERS


def blank_to_none(value: Any) -> Any:
    """None for an empty cell."""
    return None if value == "" else value


Number = Annotated[float, Field(allow_inf_nan=False)]
MaybeNumber = Annotated[Number | None, BeforeValidator(blank_to_none)]
MaybeYear = Annotated[
    Annotated[int, Field(ge=1990, le=2023)] | None, BeforeValidator(blank_to_none)
]
Year = Annotated[int, Field(ge=1990, le=2023)]
Text = Annotated[str, Field(min_length=1)]
Confidence = Literal["high", "medium", "low", "derived", "proxy", "assumption"]
Kind = Literal[
    "published", "derived", "interpolated", "recalled", "proxy", "assumption"
]  # how a number came about


def one_of(*names: str) -> AfterValidator:
    """A cell that holds one of some names."""

    def check(value: str) -> str:
        if value not in names:
            raise PydanticCustomError("one_of", "unknown name", {"expected": ", ".join(names)})
        return value

    return AfterValidator(check)


FieldId = Annotated[str, one_of(*FIELDS)]
CityId = Annotated[str, one_of(*CITIES)]
TierId = Annotated[str, one_of(*TIERS)]
StatusId = Annotated[str, one_of(*STATUSES)]


def described(text: str) -> Any:
    """A column with its meaning, which `docs/data.md` prints."""
    return Field(description=text)


class Row(BaseModel):
    """One row of a table; columns that are not declared are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
