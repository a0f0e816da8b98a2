"""The user's tables: read whole or in parts, and written part by part, so that memory does not grow with the rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from knowledge.errors import BadInput, ToolRetry

PART_ROWS = 262_144
MOST_ROWS = 20_000_000
_SEPARATORS = {".csv": ",", ".tsv": "\t"}


@dataclass(frozen=True)
class Part:
    """Some rows of a table as a data frame, and, from Parquet, as they are stored."""

    frame: Any
    batch: Any = None


def read_table(path: Path) -> Any:
    """A whole .csv, .tsv or .parquet table as a data frame. Raises `BadInput` where it cannot be read."""
    import pandas as pd

    columns_of(path)
    with _reading(path):
        if path.suffix == ".parquet":
            frame = pd.read_parquet(path)
        else:
            frame = pd.read_csv(path, sep=_SEPARATORS[path.suffix], low_memory=False)
    if len(frame) > MOST_ROWS:
        raise BadInput(path.name, f"row {MOST_ROWS + 1}", f"it has {len(frame)} rows", f"at most {MOST_ROWS} rows")
    if frame.empty:
        raise BadInput(path.name, "row 1", "it has no rows", "at least one row")
    return frame


def columns_of(path: Path) -> list[str]:
    """The names in the header. Raises `BadInput` where there is none, or one name stands twice."""
    import csv

    import pyarrow.parquet as pq

    with _reading(path):
        if path.suffix == ".parquet":
            names = list(pq.read_schema(path).names)
        else:
            with path.open(encoding="utf-8-sig", newline="") as stream:
                lines = csv.reader(stream, delimiter=_SEPARATORS[path.suffix])
                names, first = next(lines, []), next(lines, [])
            if len(first) > len(names) > 0:
                problem = f"it has {len(first)} cells, the header {len(names)}"
                raise BadInput(path.name, "row 1", problem, "as many cells as the header has")
    if not names:
        raise BadInput(path.name, "row 1", "there is no header", "a table with one header row")
    if len(names) == 1 and ";" in names[0]:
        raise BadInput(path.name, "the header", "its cells are separated by semicolons", "commas, or tabs in a .tsv")
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise BadInput(path.name, "the header", f"{twice[0]!r} stands there twice", "a name for each column once")
    return names


def parts(path: Path, columns: Sequence[str] | None = None, *, as_written: bool = False) -> Iterator[Part]:
    """Parts of at most `PART_ROWS` rows, in order.

    Args:
        columns: only these; all by default.
        as_written: keep the cells of a text table as text, so that they can be written again unchanged.

    Raises:
        BadInput: the table cannot be read, or has no rows.
    """
    import pandas as pd
    import pyarrow.parquet as pq

    rows = 0
    with _reading(path):
        if path.suffix == ".parquet":
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(PART_ROWS, columns=None if columns is None else list(columns)):
                    rows += batch.num_rows
                    yield Part(batch.to_pandas(ignore_metadata=True, strings_to_categorical=True), batch)
        else:
            reader = pd.read_csv(
                path, sep=_SEPARATORS[path.suffix], chunksize=PART_ROWS, encoding="utf-8-sig", low_memory=False,
                usecols=None if columns is None else list(columns), dtype=str if as_written else None,
            )  # fmt: skip
            with reader:
                for frame in reader:
                    rows += len(frame)
                    yield Part(frame)
    if not rows:
        raise BadInput(path.name, "row 1", "it has no rows", "at least one row")


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turns what readers raise into `BadInput`."""
    import pandas as pd
    from pyarrow import ArrowException

    if not path.is_file():
        raise BadInput(path.name, "the file", "it is not there", "a .csv, .tsv or .parquet table")
    if path.suffix not in (".parquet", *_SEPARATORS):
        found = path.suffix or "none"
        raise BadInput(path.name, "the ending", f"{found} is not a table", ".csv, .tsv or .parquet")
    try:
        yield
    except BadInput:
        raise
    except (ValueError, OSError, ArrowException, pd.errors.ParserError) as error:
        text = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        problem = f"it cannot be read ({text})"
        raise BadInput(path.name, "the whole file", problem, "a table with one header row") from None


class TableWriter:
    """Writes a table part by part with further columns; it appears under its name when all is written.

    Args:
        source: the table that is read. Its columns go over unchanged; into Parquet, text columns of which every cell
            is a number go as numbers.
    """

    def __init__(self, path: Path, source: Path) -> None:
        if path.suffix not in (".csv", ".parquet"):
            raise ToolRetry(f"{path.name} must end in .csv or .parquet.")
        if not path.parent.is_dir():
            raise ToolRetry(f"There is no folder {path.parent.name!r} for {path.name}.")
        self.path, self.unfinished = path, path.with_name(f"{path.name}.part")
        self._numbers = numeric_columns(source) if path.suffix == ".parquet" else []
        self._stream: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
                 ) -> None:  # fmt: skip
        if self._stream is not None:
            self._stream.close()
        if kind is None:
            self.unfinished.replace(self.path)
        else:
            self.unfinished.unlink(missing_ok=True)

    def write(self, part: Part, columns: Mapping[str, Any]) -> None:
        """Append a part with further columns: float64 arrays, or arrays of text and None."""
        if self.path.suffix == ".csv":
            first = self._stream is None
            self._stream = self._stream or self.unfinished.open("w", encoding="utf-8", newline="")
            part.frame.assign(**columns).to_csv(self._stream, index=False, header=first)
            return
        import pyarrow as pa
        import pyarrow.parquet as pq

        made = pa.Table.from_batches([part.batch if part.batch is not None else self._typed(part.frame)])
        for name, values in columns.items():
            kind = pa.string() if values.dtype == object else pa.float64()
            made = made.append_column(name, pa.array(values, kind, from_pandas=True))
        self._stream = self._stream or pq.ParquetWriter(self.unfinished, made.schema)
        self._stream.write_table(made)

    def _typed(self, frame: Any) -> Any:
        import pandas as pd
        import pyarrow as pa

        arrays = [
            pa.array(pd.to_numeric(frame[name]), pa.float64(), from_pandas=True)
            if name in self._numbers
            else pa.array(frame[name], pa.string(), from_pandas=True)
            for name in frame.columns
        ]
        return pa.RecordBatch.from_arrays(arrays, names=list(frame.columns))


def numeric_columns(path: Path) -> list[str]:
    """The columns of a text table whose every cell is a number or empty; none of a Parquet table, which has types."""
    import pandas as pd

    if path.suffix == ".parquet":
        return []
    left = columns_of(path)
    for part in parts(path, as_written=True):
        known = part.frame.notna()
        left = [n for n in left if pd.to_numeric(part.frame[n], errors="coerce").notna().eq(known[n]).all()]
    return left


def write_table(frame: Any, columns: Mapping[str, Any], output: Path) -> None:
    """Write a data frame with further columns. Raises `ToolRetry` for an ending that is not .csv or .parquet."""
    if output.suffix not in (".csv", ".parquet"):
        raise ToolRetry(f"{output.name} must end in .csv or .parquet.")
    wide = frame.assign(**columns)
    if output.suffix == ".csv":
        wide.to_csv(output, index=False)
    else:
        wide.to_parquet(output, index=False)
