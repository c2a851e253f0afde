"""app: the composition root: settings, command line, supervisor, and what joins the roles.

From the top down; neighbours in a paragraph never import each other (`lint-imports`):

    cli               the command line as a whole

    commands          what is typed: a module, or a folder, for each command

    doctor            what is wrong, with its fix
    bench             measurements beside named peers
    targets           what Granian's workers import
    console_settings  what the console must be told, as Django's settings

    django_settings   the database and Django's other settings

    starting          what is seen to before a role runs; how roles are started and ended

    context           what every command is given
    wiring            from settings to what each role must be told

    logs              how all roles log
    simulator         people and machines who act on made-up mail
    owner             commands of root that continue as the owner of the data directory

    keyfile           the keys, on the disk
    settings          one table of settings, how they are read, and what lies in the data directory
    terminal          what commands share of what is typed, read and printed
"""
