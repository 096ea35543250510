"""Policies of scenarios that can't use the sandbox's policy."""

from tests.policies import WITH_DBA_GROUP

TWO_APPROVERS = (
    WITH_DBA_GROUP
    + """\
  responders: {usergroup: S0RESPOND}
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: read}
      - {allow: ["token --read-only", create]}
      - {allow: [freeze], to: responders, confirm: button}
      - {approve: [protect], by: responders, confirm: none, expires: 30s}
      - {approve: [rotate], by: [dba, responders], quorum: 2, confirm: none, expires: 30m, notify: dba}
      - {approve: [token], by: dba, confirm: none}
      - {approve: [destroy], by: dba, confirm: type-name}
  C0ORDERS:
    databases: ["orders*"]
    rules:
      - {allow: read}
"""
)

NAMED_PEOPLE = (
    WITH_DBA_GROUP
    + """\
channels:
  C0DBOPS:
    databases: ["*"]
    visibility: ephemeral
    rules:
      - {allow: read, visibility: channel, databases: ["loud*"]}
      - {allow: read}
      - {approve: [rotate, token, destroy], by: dba, confirm: none, countdown: 2h, undo_by: "user:U0REMY"}
  C0ORDERS:
    databases: ["mine*"]
    rules:
      - {allow: [list, show], to: "guest:U0GIL"}
      - {allow: [read, digest]}
      - {approve: [rotate], by: dba, confirm: none}
  C0SHARED:
    databases: ["mine*"]
    externally_shared: true
    rules:
      - {allow: [list], to: "external:U0STELLA"}
      - {allow: [show]}
      - {approve: [token], by: "external:U0STELLA", confirm: none}
"""
)
