"""wiring: from settings to the configuration of each role; a module each, so that no role loads another's."""

from backstamp.app.wiring.data_dir import prepare_data_dir
from backstamp.app.wiring.journal import open_journal
from backstamp.app.wiring.problems import check

__all__ = ["check", "open_journal", "prepare_data_dir"]
