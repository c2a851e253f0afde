"""providers: a folder for each publisher or form of list: its terms, where it is had, and how it is read.

From the top down; neighbours in a paragraph never import each other (`lint-imports`):

    urlhaus        abuse.ch: URLs that spread malware
    openphish      OpenPhish: phishing URLs
    misp           lists as MISP writes them
    safe_browsing  Google Safe Browsing v5: hash prefixes
    web_risk       Google Web Risk: hash prefixes
    dns_lists      lists that are asked by DNS: Spamhaus DBL, SURBL

    plain          lists of hosts, domains or URLs, one a line
"""
