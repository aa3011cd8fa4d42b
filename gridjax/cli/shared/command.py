"""A command that refuses an option given twice, unless it takes several values."""

from __future__ import annotations

from collections import Counter
from typing import Any

from typer.core import TyperCommand

from gridjax.errors import GridjaxError, Problem


class OnceCommand(TyperCommand):
    """A command of typer. By default typer takes the last value of a repeated option silently."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments. Raises GridjaxError if an option that is not a list is repeated."""
        given = list(args)  # typer empties the list
        rest = super().parse_args(ctx, args)
        if not ctx.resilient_parsing:  # completion in a shell
            _, _, order = self.make_parser(ctx).parse_args(given)
            for option, count in Counter(order).items():
                if count > 1 and not getattr(option, "multiple", True):
                    message = f"{option.opts[0]} is given {_times(count)}"
                    raise GridjaxError(Problem(message, fix="give it once"))
        return rest


def _times(count: int) -> str:
    return "twice" if count == 2 else f"{count} times"
