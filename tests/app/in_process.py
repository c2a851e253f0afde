"""Commands in this process, which has Django already: each in one of its own would take a second."""

from click.testing import CliRunner

from backstamp.app.cli import cli


def run(*arguments: str) -> tuple[int, str, str]:
    """Return the exit code, standard output and standard error of a command."""
    done = CliRunner().invoke(cli, arguments)
    return done.exit_code, done.stdout, done.stderr
