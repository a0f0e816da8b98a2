"""The `consilium` command. Every subcommand is imported only when it is called, so that `--help` is quick."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import traceback
from importlib.metadata import version

from agent.storage import storage_problem
from knowledge.errors import ConsiliumError, ToolRetry

# Command name -> (module that has a Typer `app`: a name under agent.cli, or a full dotted name; one line of help).
COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("run", "Work up a case: tools, guidelines, a cited and verified draft."),
    "chat": ("chat", "Talk about a case in the terminal."),
    "review": ("review", "Accept, edit or reject each statement of a draft, then sign it."),
    "export": ("export", "Write a report as FHIR, JSON or HTML."),
    "runs": ("runs", "List the runs on this machine; resume one that stopped."),
    "trace": ("trace", "The timeline of a run; replay it from its record."),
    "tools": ("tools", "List the tools and what they take."),
    "info": ("info", "Versions, device, data releases and model hashes."),
    "knowledge": ("knowledge", "Search, show, add to and verify the guidelines."),
    "risk": ("risk", "Published risk models: list, show, compute."),
    "segment": ("segment", "Segment and measure a lesion in a scan."),
    "compare": ("compare", "Compare a lesion at two time points (RECIST 1.1)."),
    "models": ("models", "List, add and describe segmentation models."),
    "train": ("train", "Train a model on your own data."),
    "variants": ("variants", "Annotate a variant file or variants in HGVS."),
    "pgx": ("pgx", "Drug-gene pairs from a variant file."),
    "acmg": ("acmg", "Combine ACMG/AMP evidence codes into a class."),
    "protein": ("protein", "What a mutation does to a protein structure."),
    "deidentify": ("deidentify", "A copy of a case without what tells who it is of."),
    "missense": ("missense", "How likely missense changes are to harm, from the protein's sequence."),
    "biomarkers": ("biomarkers", "Statistics of measured markers against an outcome, from a table."),
    "genes": ("genes", "Genes of a cohort ranked by how rare variants go with disease."),
    "eval": ("evals.cli", "Run the scripted evaluations."),
    "accounts": ("accounts", "Who may use the service: accounts, roles, passwords, care teams."),
    "audit": ("audit", "The record of access: check, show, copy."),
    "keys": ("keys", "The key that the store is encrypted with: show, change."),
    "erase": ("erase", "Destroy a case for good, with its key."),
    "serve": ("serve", "Serve the page and the HTTP interface."),
}


_GO_ON = "When it is in order, `consilium runs --resume last` goes on."

USAGE = """\
Usage: consilium COMMAND [OPTIONS] …    (consilium COMMAND --help says more)

Draft a cited diagnosis and treatment plan for one patient, for a physician to review and sign.
Decision support for licensed clinicians, and research use.

Commands:
{commands}

Options:
  --version  Show the version.
  --help     Show this text.
"""


def available_commands() -> list[str]:
    """Names of the commands whose module is there, in listing order."""
    return [name for name in COMMANDS if importlib.util.find_spec(_module(name))]


def _module(name: str) -> str:
    """The dotted name of a command's module."""
    module = COMMANDS[name][0]
    return module if "." in module else f"agent.cli.{module}"


def usage() -> str:
    """The text of `consilium --help`."""
    rows = (f"  {name:<11}{COMMANDS[name][1]}" for name in available_commands())
    return USAGE.format(commands="\n".join(rows))


def main(arguments: list[str] | None = None) -> None:
    """Run the command line. Exit codes: 0 done, 1 failed, 2 wrong use."""
    given = sys.argv[1:] if arguments is None else arguments
    if not given or given[0] in ("--help", "-h", "help"):
        sys.stdout.write(usage())
        sys.exit(0 if given else 2)
    if given[0] == "--version":
        sys.stdout.write(f"consilium {version('consilium')}\n")
        sys.exit(0)
    if given[0] not in available_commands():
        sys.stderr.write(f"Wrong use: there is no command {given[0]!r}.\n\n{usage()}")
        sys.exit(2)
    sys.exit(_run(given[0], given[1:]))


def _run(name: str, rest: list[str]) -> int:
    from agent.cli.recording import record_failure, record_start
    from agent.trust.egress import enforce

    enforce()
    module = importlib.import_module(_module(name))
    try:
        record_start(name, rest)
        module.app(args=rest, prog_name=f"consilium {name}")
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        code = 1
    except Exception as error:
        code = _failed(error)
    else:
        return 0
    if code:
        record_failure(name, rest)
    return code


def _failed(error: Exception) -> int:
    """Say what went wrong; the exit code. A bug is shown without its text, which may quote the case."""
    if isinstance(error, ToolRetry):
        sys.stderr.write(f"Wrong use: {error}\n")
        return 2
    if isinstance(error, ConsiliumError):
        sys.stderr.write(f"Failed: {error}\n")
    elif (problem := storage_problem(error)) is not None:
        sys.stderr.write(f"Failed: {problem} {_GO_ON}\n")
    elif os.environ.get("CONSILIUM_DEBUG"):
        raise error
    else:
        sys.stderr.write(_bug(error))
    return 1


def _bug(error: Exception) -> str:
    """Where an unexpected error came from, without its text, which may quote the case."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{os.path.basename(where.filename)}, line {where.lineno}"
    return (
        f"Failed: this is a bug in Consilium ({type(error).__name__} in {place}). Nothing that was stored is lost; "
        "`consilium runs` lists the runs. CONSILIUM_DEBUG=1 shows the whole trace.\n"
    )
