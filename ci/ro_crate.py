"""Validates RO-Crates by the profile Process Run Crate, without a network."""

from __future__ import annotations

import email.message
import io
import json
import sys
import urllib.request
import urllib.response
from pathlib import Path

import requests
import rocrate
from rocrate_validator import services
from rocrate_validator.models import Severity

# What the format's terms mean: as the package `rocrate` has it, and what is used of the terms of runs.
CRATE = (Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld").read_bytes()
HASH = "https://w3id.org/ro/terms/workflow-run#sha256"
RUN = json.dumps({"@context": {"sha256": HASH}}).encode()


def known(url: str) -> bytes:
    """What is said at an address."""
    return RUN if "workflow-run" in url else CRATE


def answered(_: requests.Session, __: str, url: str, **___: object) -> requests.Response:
    """As `requests` would be answered."""
    answer = requests.Response()
    answer.status_code = 200
    answer.url = url
    answer.headers["Content-Type"] = "application/ld+json"
    answer._content = known(url)
    return answer


class Local(urllib.request.BaseHandler):
    """Answers what would be asked of the network."""

    handler_order = 100

    def https_open(self, request: urllib.request.Request) -> urllib.response.addinfourl:
        body = known(request.full_url)
        headers = email.message.Message()
        headers["Content-Type"] = "application/ld+json"
        answer = urllib.response.addinfourl(io.BytesIO(body), headers, request.full_url, 200)
        answer.msg = "OK"
        return answer

    http_open = https_open


def main() -> int:
    requests.Session.request = answered
    urllib.request.install_opener(urllib.request.build_opener(Local))
    code = 0
    for folder in sys.argv[1:]:
        result = services.validate(
            services.ValidationSettings(
                rocrate_uri=folder,
                profile_identifier="process-run-crate-0.5",
                requirement_severity=Severity.RECOMMENDED,
                disable_remote_crate_download=True,
            )
        )
        for issue in result.get_issues(Severity.OPTIONAL):
            print(f"{folder}: {issue.severity.name}: {issue.message}")
        fails = result.has_issues(Severity.REQUIRED)
        print(f"{folder}: {'no' if fails else 'a'} valid Process Run Crate")
        code |= fails
    return code


if __name__ == "__main__":
    sys.exit(main())
