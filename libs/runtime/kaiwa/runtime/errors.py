"""The root of our error tree.

    KaiwaError          a failure with a known answer
    ├── SettingsError   2: something the operator set, or did not set
    ├── DependencyError 3: Kafka, PostgreSQL or the platform is away
    └── cli.Failure     1, or as said: a command found what it must not find

A message is one line, says what to do, and holds no content, token or customer id: it is printed and logged as it is.
All other exceptions are logged by type and place only, as their messages may quote what they choked on.
"""


class KaiwaError(Exception):
    """A failure whose message is fit for people and for logs; `code` is the process's exit code."""

    code: int = 1


class SettingsError(KaiwaError):
    """A setting is missing or wrong; starting again without a change will not help."""

    code = 2


class DependencyError(KaiwaError):
    """Something we depend on is away; starting again later may help."""

    code = 3
