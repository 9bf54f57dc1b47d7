"""What pip installs this lookalike from: no index has a distribution that another one would get by its name."""

import json
import shlex
from pathlib import Path
from urllib.parse import unquote, urlsplit

NAME = "lookalike"


def install_command(extra: str) -> str:
    """The shell line that adds an extra, or several ("a,b"), to a checkout, a wheel or a distribution of an index."""
    return f"pip install {_requirement(_origin(), extra)}"


def _origin() -> dict[str, object]:
    """Where pip found the installation (PEP 610); empty for one from an index, or without pip."""
    # Takes 10 ms, and only messages about missing extras need it.
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        found = json.loads(distribution(NAME).read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _requirement(origin: dict[str, object], extra: str) -> str:
    url = str(origin.get("url", ""))
    if not url:
        return shlex.quote(f"{NAME}[{extra}]")
    if not url.startswith("file:"):
        return shlex.quote(f"{NAME}[{extra}] @ {url}")
    path = Path(unquote(urlsplit(url).path))
    # A wheel that is gone is named without its folder: it has to be found or built again.
    named = shlex.quote(f"{path if path.exists() else path.name}[{extra}]")
    about = origin.get("dir_info")
    return f"-e {named}" if isinstance(about, dict) and about.get("editable") else named
