"""Makes the roles of roles.json and a user for each, through the API of OpenSearch's security plugin.

Needs only Python. INDEX_URL: the server. CA_CERTS: the file of its certificate authority. ADMIN_PASSWORD,
WRITER_PASSWORD, READER_PASSWORD: the passwords of admin and of the two users.
"""

import base64
import json
import os
import ssl
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

ROLES = Path(__file__).parent / "roles.json"
PASSWORDS = {"lookalike_writer": "WRITER_PASSWORD", "lookalike_reader": "READER_PASSWORD"}
TIMEOUT_S = 30


def main() -> None:
    for name, role in json.loads(ROLES.read_text()).items():
        password = os.environ[PASSWORDS[name]]
        put(f"roles/{name}", role)
        put(f"internalusers/{name}", {"password": password, "description": role["description"]})
        put(f"rolesmapping/{name}", {"users": [name]})
        print(f"{name}: role and user are ready.")


def put(path: str, body: dict[str, Any]) -> None:
    url = f"{os.environ['INDEX_URL']}/_plugins/_security/api/{path}"
    login = base64.b64encode(f"admin:{os.environ['ADMIN_PASSWORD']}".encode()).decode()
    headers = {"Content-Type": "application/json", "Authorization": f"Basic {login}"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method="PUT")
    try:
        urllib.request.urlopen(request, timeout=TIMEOUT_S, context=context()).close()
    except urllib.error.HTTPError as error:
        with error:
            sys.exit(f"OpenSearch answers {error.code} to PUT {path}: {error.read(500).decode(errors='replace')}")
    except OSError as error:
        sys.exit(f"OpenSearch at {os.environ['INDEX_URL']} does not answer: {error}")


def context() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=os.environ["CA_CERTS"])


if __name__ == "__main__":
    main()
