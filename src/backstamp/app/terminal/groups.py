"""Groups of commands, whose help says each line to its end."""

import click


class Group(click.Group):
    """Shows the first sentence of each command whole, where click cuts it at the end of the line."""

    group_class = type

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands."""
        found = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        rows = [(name, command.get_short_help_str(1000)) for name, command in found if command is not None]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
