"""The console's application, made in its worker."""

import logging
import os
import warnings

from django.core.asgi import get_asgi_application

from backstamp.app.logs import configure_logging
from backstamp.app.settings import load
from backstamp.console.serving.body_limit import bounded
from backstamp.console.serving.log_lines import without_addresses

# WhiteNoise gives plain file iterators; Django reads those at once, which is right for small files.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")
configure_logging(load(), "console")
for _handler in logging.getLogger().handlers:
    _handler.addFilter(without_addresses)
os.environ["DJANGO_SETTINGS_MODULE"] = "backstamp.app.console_settings"
target = bounded(get_asgi_application())
