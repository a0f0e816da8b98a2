"""`consilium keys`: which key the store is encrypted with, and another one in its place."""

from __future__ import annotations

from agent.cli.common import err, new_app, out, print_table

app = new_app("The key that everything stored is encrypted with: show it by name, change it.")


@app.command()
def show() -> None:
    """Name the keys that are needed, with how many data keys each wraps: one a case, and that of the store."""
    from agent.service import Consilium

    vault = Consilium().store.vault
    needed = vault.key_ids().items()
    rows = [(name, count, "in use" if name == vault.keys.active else "") for name, count in needed]
    print_table(("key", "data keys", ""), rows)


@app.command()
def rotate() -> None:
    """Put a new key in the place of the key file's; with a key from elsewhere, wrap all with the one in use there.

    Content is not encrypted anew. Stop `consilium serve` first. If this is cut off, run it again.
    """
    from agent.service import Consilium
    from agent.trust.audit import Action
    from agent.trust.identity import local_actor
    from agent.trust.keys import Keyring

    consilium = Consilium()
    consilium.audit.append(local_actor(), Action.KEY_ROTATED, "cli.keys.rotate")
    vault = consilium.store.vault
    if isinstance(vault.keys, Keyring) and vault.keys.path is not None:
        ring, path = vault.keys.renewed(), vault.keys.path
        ring.save(path)
        changed = vault.rewrap(ring)
        if set(vault.key_ids()) == {ring.active}:
            ring.only_active().save(path)
        err.print(f"Back up {path.name} again; copies of the store from before need the old one.", markup=False)
    else:
        changed = vault.rewrap(vault.keys)
    out.print(f"{changed} data keys were wrapped again; key {vault.keys.active} is in use.", highlight=False)
