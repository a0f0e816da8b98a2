"""The kinds of error that Consilium raises on purpose. Anything else that escapes is a bug.

`ToolRetry` means that the caller (usually a language model) can mend its arguments.
`ToolFailed` means that there is no answer for this case, and the draft says so.
`BadInput` is the `ToolFailed` of a file: it names the file, the place in it and what would be accepted.
"""

from __future__ import annotations


class ConsiliumError(Exception):
    """Base of every deliberate error. Its text is safe to show to a user."""


class ToolRetry(ConsiliumError):
    """The arguments are wrong in a way that the caller can mend; the text says how."""


class ToolFailed(ConsiliumError):
    """This tool cannot answer for this case; the text says why."""


class BadInput(ToolFailed):
    """An input file (or one value in it) cannot be used.

    Args:
        file: name of the file as the user knows it; never an absolute path.
        place: where in it, such as `line 12`, `observations[3].unit` or `slice 40`.
        problem: what is wrong there.
        accepted: what would have been accepted.
    """

    def __init__(self, file: str, place: str, problem: str, accepted: str) -> None:
        self.file = file
        self.place = place
        self.problem = problem
        self.accepted = accepted
        super().__init__(f"{file}, {place}: {problem}. Accepted: {accepted}.")

    def __reduce__(self) -> tuple[type[BadInput], tuple[str, str, str, str]]:
        """Its parts, so that it reaches the parent of a worker process as it was raised."""
        return type(self), (self.file, self.place, self.problem, self.accepted)
