"""providers: a folder for each publisher or form of list: its terms, where it is had, and how it is read."""
