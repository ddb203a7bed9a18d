"""Report documents for mails."""


def finding(code="app.exited", node="odroid8", title="something is wrong"):
    return {"id": code, "code": code, "node": node, "title": title}


def change(state, code="app.exited", node="odroid8", *, root=True, title="something is wrong"):
    return {"state": state, "code": code, "node": node, "root": root, "title": title}


def report(*roots, verdict=None, changes=None, worthy=True, spec="navidrome", before=None, **more):
    return {
        "spec": spec,
        "started_at": "2026-11-24T06:23:41.000Z",
        "verdict": verdict or ("critical" if roots else "ok"),
        "coverage": {"planned": 17, "collected": 17},
        "root_causes": list(roots),
        "changes": None if changes is None else {"findings": changes, "mail_worthy": worthy, "verdict": {"from": before}},
        **more,
    }


CRASH = report(finding(), changes=[change("new")])
