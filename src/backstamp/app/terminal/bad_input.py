"""What was typed, or is read from a file or standard input, is not what a command takes."""

import click


class BadInputError(click.ClickException):
    """One line that says what is not taken; the command ends with 2, as after any wrong call."""

    exit_code = 2
