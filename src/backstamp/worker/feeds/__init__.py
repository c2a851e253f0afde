"""feeds: lists of dangerous URLs that others publish: had, kept, compiled, and asked about.

A new publisher is a folder in `providers` and a line in `lists.source` and `offers`.

From the top down; neighbours in a paragraph never import each other (`lint-imports`):

    running     while the worker runs, a process of its own does what is due

    refreshing  lists fetched, read, kept and compiled
    questions   publishers asked about single URLs, and their answers

    config      which lists are on
    offers      which can be switched on by name

    providers   a folder for each publisher or form: its terms, where it is had, how it is read

    screening   what no feed may list
    formats     what several publishers' files have in common

    keeping     the last good copy, how it stands with it, whether a list that shrank is believed, what is new

    lists       a list, its entries, a job
"""
