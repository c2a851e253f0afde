"""Preset deflate dictionary for URLs.

Frozen: every link ever sealed needs these very bytes to open.  A better dictionary would be a new
`kind` in `tokens.sealing`, beside this one.  The likeliest strings stand last, where deflate's
distances are shortest (RFC 1950 §2.2).
"""

from typing import Final

URL_DICTIONARY: Final = (
    b"/wp-content/uploads/20.pdf.html.aspx.php?id=/index.html/dashboard/settings/notifications/preferences"
    b"/password-reset/reset_password?token=/reset-password/forgot/confirm-email?token=/confirm/verify-email?"
    b"/verification/activate/invitation/accept?invite=/invoice/orders/order/checkout/cart/account/login?next="
    b"/signin?redirect_uri=https%3A%2F%2Fwww.&return_to=%2F&redirect=https%3A%2F%2F/auth/callback?code=&state="
    b"/privacy-policy/terms-of-service/about/contact/support/help/faq/docs/blog/news/article/articles/posts/20"
    b"/unsubscribe?email=&list=/preferences?user_id=/subscription/manage/newsletter/view-in-browser/webversion"
    b"twitter.com/intent/tweet?text=instagram.com/linkedin.com/company/in/youtube.com/watch?v=facebook.com/"
    b"sharer.php?u=apps.apple.com/app/id play.google.com/store/apps/details?id=maps.google.com/?q=docs.google"
    b".com/document/d/drive.google.com/file/d/calendar.google.com/github.com/zoom.us/j/meet.google.com/"
    b"?ref=&source=&lang=en&locale=&hash=&sig=&expires=&key=&user=&email=&uid=&cid=&mid=&page=&sort=&query=&q="
    b".co.uk/.de/.fr/.io/.net/.org/.co.kr/.jp/.eu/&utm_id=&utm_term=&utm_content=button&utm_content=footer"
    b"&utm_content=header&utm_content=cta&utm_campaign=welcome&utm_campaign=newsletter&utm_campaign="
    b"&utm_medium=email&utm_source=newsletter&utm_medium=email&utm_campaign="
    b"?utm_source=email&utm_medium=email&utm_campaign=http://localhost/http://www.example.com/https://"
    b"https://app.https://shop.https://account.https://mail.https://www.example.org/.com/https://www."
)
