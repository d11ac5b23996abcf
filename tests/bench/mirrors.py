"""A mirror that grows from size to size, in several databases alike."""

import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from gateway.spiegel.laden import lade
from gateway.spiegel.muster import generate
from gateway.spiegel.musterorte import strassen
from gateway.spiegel.musterspiegel import mustergemeinden
from gateway.spiegel.tabellen import create_schema
from tests.bench.fundus import viele
from tests.bench.workload import LAND
from tests.databases import opened

_PROCESSES = 2  # that generate


def grow(folder: Path, urls: Mapping[str, str], before: int, size: int) -> str:
    """Adds persons to all databases until each has `size`; how fast that went."""
    start = time.perf_counter()
    shares = [(size * (part + 1) // _PROCESSES - size * part // _PROCESSES) for part in range(_PROCESSES)]
    shares = [share - before // _PROCESSES for share in shares]
    files = [folder / f"persons-{size}-{part}" for part in range(_PROCESSES)]
    with ProcessPoolExecutor(max(_PROCESSES, len(urls)), get_context("spawn")) as pool:
        for done in [
            pool.submit(_generate, file, share, before == 0 and file == files[0])
            for file, share in zip(files, shares, strict=True)
        ]:
            done.result()
        generated = time.perf_counter() - start
        loads = {kind: pool.submit(_load, url, files) for kind, url in urls.items()}
        rates = ", ".join(f"{kind} {sum(shares) / load.result():.0f}/s" for kind, load in loads.items())
    for file in files:
        file.unlink()
    return f"{sum(shares)} persons more: generated in {generated:.0f} s, loaded side by side: {rates}"


def _generate(file: Path, persons: int, many: bool) -> None:
    """Writes a file as `xmeld-gateway spiegel load` takes it. Its name is the seed and sets its persons' keys apart.

    With `many` there are more persons of one name than an answer may hold.
    """
    orte, seed = mustergemeinden(LAND), sum(file.name.encode())
    records = generate(persons, seed=seed, gemeinden=orte)
    with file.open("w", encoding="utf-8") as lines:
        for gemeinde in orte:
            json.dump({"strassen": {"ags": gemeinde.ags, "namen": strassen(gemeinde, seed)}}, lines)
            lines.write("\n")
        for record in viele(records) if many else records:
            record["ordnungsmerkmal"] = f"{file.name}-{record['ordnungsmerkmal']}"
            json.dump(record, lines, ensure_ascii=False)
            lines.write("\n")


def _load(url: str, files: Sequence[Path]) -> float:
    """Seconds taken."""
    start = time.perf_counter()
    with opened(url) as engine:
        create_schema(engine)
        for file in files:
            with file.open("rb") as lines:
                lade(engine, lines)
    return time.perf_counter() - start
