"""console: the private pages, for administrators (a Django app; never shares a socket with the edge).

From the top down; neighbours in a paragraph never import each other (`lint-imports`):

    apps          the registration with Django
    urls          every address of the console

    views         the views, one module for each part of the console
    templatetags  what templates can say beside Django's own
    converters    how a message is named in an address

    forms         what people fill in, by the page that it is on, and how a mistake in it is shown
    live          pages that change while they are looked at
    mailbox       a captured mail as its reader would see it, and as its sender wrote it
    serving       what stands around the pages: server, limits, what all answers share, signing in
    timeline      a message's events as a person reads them
    handed_in     the sample mail, given to the gateway by SMTP
    asked         what a request asks for, apart from the forms
    csv_files     lists as files for spreadsheets, written while they are read
    paging        a page of a list that is sorted by time
    rooms         which pages there are, by what they are about

    wording       what is in the records, in the words, icons and sentences that people see
    config        what all these must be told
"""
