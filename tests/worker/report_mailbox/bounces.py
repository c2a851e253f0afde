"""A bounce as servers send it."""


def bounce(address: str = "anna@example.com", returned: str = "Message-ID: <1@example.org>\r\n") -> bytes:
    return (
        "From: mailer-daemon@mx.example.net\r\nTo: x\r\nSubject: failure notice\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="=x"\r\n\r\n'
        "--=x\r\n\r\nIt failed.\r\n--=x\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example.net\r\n\r\n"
        f"Final-Recipient: rfc822; {address}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n"
        f"--=x\r\nContent-Type: text/rfc822-headers\r\n\r\n{returned}--=x--\r\n"
    ).encode()
