"""Who belongs to a case: its care team, and emergency access with a reason. Sealed with the key of the case.

`scope` is the name of the case in the vault; all runs of a case share its team.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from agent.trust.identity import Actor
from agent.trust.rows import SealedRows
from agent.trust.vault import Vault
from knowledge.errors import ToolFailed, ToolRetry
from tools.evidence import Record

KIND = "team"
EMERGENCY_S = 3600.0
SHORTEST_REASON = 10
LONGEST_REASON = 500


class Emergency(Record):
    """Access that a physician took without being on the team. Times are seconds since 1970. It stays on the record."""

    user: str
    shown_name: str
    reason: str
    started: float
    until: float


class Team(Record):
    """The people and programs of a case, by their `Actor.user`."""

    members: tuple[str, ...] = ()
    emergencies: tuple[Emergency, ...] = ()

    def open_to(self, user: str, now: float) -> bool:
        """Whether somebody is a member, or has emergency access that has not run out."""
        return user in self.members or any(e.user == user and e.started <= now < e.until for e in self.emergencies)


class CareTeams:
    """The teams of all cases of a store."""

    def __init__(self, rows: SealedRows, vault: Vault, clock: Callable[[], float] = time.time) -> None:
        self._rows, self._vault, self._clock = rows, vault, clock

    def team(self, scope: str) -> Team:
        """The team of a case; empty if nobody was entered. Raises `Shredded` or `KeyMissing`."""
        body = self._rows.get(self._vault.seal_of(scope), KIND, scope)
        return Team() if body is None else Team.model_validate_json(body)

    def allows(self, actor: Actor, scope: str) -> bool:
        """Whether a case is open to an actor. To the user of this machine every case is."""
        return actor.local or self.team(scope).open_to(actor.user, self._clock())

    def add(self, scope: str, user: str) -> Team:
        """Enter somebody."""
        return self._change(scope, lambda t: t.model_copy(update={"members": (*_without(t, user), user)}))

    def remove(self, scope: str, user: str) -> Team:
        """Take somebody out; running emergency access of theirs ends as well. The last member stays."""

        def change(team: Team) -> Team:
            left = _without(team, user)
            if user in team.members and not left:
                raise ToolFailed("The last member of a care team cannot be taken out; enter another one first.")
            return team.model_copy(update={"members": left, "emergencies": tuple(map(ended, team.emergencies))})

        def ended(one: Emergency) -> Emergency:
            return one.model_copy(update={"until": min(one.until, self._clock())}) if one.user == user else one

        return self._change(scope, change)

    def break_glass(self, scope: str, actor: Actor, reason: str) -> Emergency:
        """Give a physician access for an hour, for a reason that stays on the record. Raises `ToolRetry`."""
        given = checked_reason(reason)
        now = self._clock()
        made = Emergency(
            user=actor.user, shown_name=actor.name or actor.user, reason=given, started=now, until=now + EMERGENCY_S
        )
        self._change(scope, lambda t: t.model_copy(update={"emergencies": (*t.emergencies, made)}))
        return made

    def forget(self, scope: str) -> None:
        """Remove the record of a case that was destroyed."""
        self._rows.remove(KIND, scope)

    def _change(self, scope: str, change: Callable[[Team], Team]) -> Team:
        made: list[Team] = []

        def changed(before: str | None) -> str:
            made.append(change(Team() if before is None else Team.model_validate_json(before)))
            return made[-1].model_dump_json()

        self._rows.change(self._vault.seal_of(scope), KIND, scope, changed)
        return made[-1]


def checked_reason(reason: str) -> str:
    """A reason with single spaces. Raises `ToolRetry` for one that is too short or too long."""
    given = " ".join(reason.split())
    if not SHORTEST_REASON <= len(given) <= LONGEST_REASON:
        raise ToolRetry(f"A reason of {SHORTEST_REASON} to {LONGEST_REASON} characters is needed.")
    return given


def _without(team: Team, user: str) -> tuple[str, ...]:
    return tuple(member for member in team.members if member != user)
